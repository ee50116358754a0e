/** Which Services of a namespace can be called by HTTP from this machine, and whether the pods behind them stay up by design. */
import type { KubernetesObject } from '../judge/writes.ts';

/** What is called, and what is expected of it. */
export interface Served {
  readonly service: string;
  readonly url: string;
  /** True if a rolling update that never gets ready leaves old pods: then no call may fail. */
  readonly oldPodsStay: boolean;
}

interface Port {
  readonly port: number;
  readonly targetPort?: number | string;
}
interface Container {
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly readinessProbe?: {
    readonly httpGet?: { readonly path?: string; readonly port: number | string; readonly scheme?: string };
  };
}
interface WorkloadSpec {
  readonly replicas?: number;
  readonly strategy?: {
    readonly type?: string;
    readonly rollingUpdate?: { readonly maxUnavailable?: number | string };
  };
  readonly template: {
    readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
    readonly spec: { readonly containers: readonly Container[] };
  };
}

/** Services with a cluster IP, of which a port leads to the readiness probe of a workload with a ready pod. */
export function servedServices(objects: readonly KubernetesObject[]): readonly Served[] {
  return objects
    .filter(({ kind }) => kind === 'Service')
    .flatMap((service) => objects.flatMap((workload) => served(service, workload)).slice(0, 1));
}

function served(service: KubernetesObject, workload: KubernetesObject): readonly Served[] {
  const { clusterIP, selector, ports } = service['spec'] as {
    readonly clusterIP?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly Port[];
  };
  const spec = workload['spec'] as WorkloadSpec | undefined;
  const labels = spec?.template?.metadata.labels ?? {};
  if (!clusterIP || clusterIP === 'None' || selector === undefined || spec?.template === undefined) return [];
  if (!Object.entries(selector).every(([name, value]) => labels[name] === value)) return [];
  const { readyReplicas = 0 } = (workload['status'] ?? {}) as { readonly readyReplicas?: number };
  if (readyReplicas === 0) return [];
  for (const container of spec.template.spec.containers) {
    const probe = container.readinessProbe?.httpGet;
    if (probe === undefined || probe.scheme === 'HTTPS') continue;
    const port = ports?.find(
      (one) => numberOf(one.targetPort ?? one.port, container) === numberOf(probe.port, container),
    );
    if (port === undefined) continue;
    const url = `http://${clusterIP}:${port.port}${probe.path ?? '/'}`;
    return [{ service: service.metadata.name, url, oldPodsStay: oldPodsStay(workload.kind, spec) }];
  }
  return [];
}

function numberOf(port: number | string, { ports = [] }: Container): number {
  return typeof port === 'number' ? port : (ports.find(({ name }) => name === port)?.containerPort ?? -1);
}

/** The rule of the Deployment controller: a share of the replicas is rounded down. */
function oldPodsStay(kind: string | undefined, { replicas = 1, strategy }: WorkloadSpec): boolean {
  if (kind !== 'Deployment' || strategy?.type === 'Recreate') return false;
  const wanted = strategy?.rollingUpdate?.maxUnavailable ?? '25%';
  const unavailable =
    typeof wanted === 'number' ? wanted : Math.floor((replicas * Number.parseInt(wanted, 10)) / 100);
  return replicas - unavailable >= 1;
}

/**
 * The HTTP endpoints that a release must answer on, found from the probes of its workloads. The simple way: the smoke tests
 * will replace it.
 */
import { isObject } from './managed-fields.ts';
import type { JsonObject, KubernetesObject, ObjectReference } from './objects.ts';
import type { EndpointReport } from './result.ts';
import { podTemplateOf } from './workloads.ts';

export interface Endpoint {
  readonly workload: ObjectReference;
  readonly kind: EndpointReport['kind'];
  /** Number, resolved from the container's named ports. */
  readonly port: number;
  readonly scheme: 'http' | 'https';
  readonly path: string;
  /** Milliseconds: the probe's own timeout, but at least what a call through the API server needs. */
  readonly deadline: number;
}

const probeKinds = [
  ['livenessProbe', 'health'],
  ['readinessProbe', 'readiness'],
] as const;

const leastDeadline = 5000;

export function endpointsOf(workload: KubernetesObject, reference: ObjectReference): readonly Endpoint[] {
  const spec = podTemplateOf(workload)?.['spec'];
  const containers =
    isObject(spec) && Array.isArray(spec['containers']) ? spec['containers'].filter(isObject) : [];
  return containers.flatMap((container) =>
    probeKinds.flatMap(([field, kind]) => {
      const probe = container[field];
      const get = isObject(probe) ? probe['httpGet'] : undefined;
      if (!isObject(probe) || !isObject(get)) return [];
      const port = portOf(get['port'], container);
      if (port === undefined) return [];
      return [
        {
          workload: reference,
          kind,
          port,
          scheme: get['scheme'] === 'HTTPS' ? ('https' as const) : ('http' as const),
          path: typeof get['path'] === 'string' ? get['path'] : '/',
          deadline: Math.max(leastDeadline, Number(probe['timeoutSeconds'] ?? 1) * 1000),
        },
      ];
    }),
  );
}

function portOf(port: unknown, container: JsonObject): number | undefined {
  if (typeof port === 'number') return port;
  const ports = Array.isArray(container['ports']) ? container['ports'].filter(isObject) : [];
  const named = ports.find((candidate) => candidate['name'] === port)?.['containerPort'];
  return typeof named === 'number' ? named : undefined;
}

/** kubelet's rule for HTTP probes: 200 to 399 is healthy. */
export function isHealthyStatus(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 400;
}

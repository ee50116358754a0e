/** Each Service called as a whole, from within: what EndpointSlices cannot show is a port behind which nobody listens. Pure. */
import { selectorOf, selects } from '../../health/endpoints.ts';
import { isObject } from '../../kubernetes/managed-fields.ts';
import { type JsonObject, type KubernetesObject, referenceOf } from '../../kubernetes/objects.ts';
import { isReady } from '../../status/built-in/pod.ts';
import { podTemplateOf } from '../../workloads/workloads.ts';
import { type Endpoint, endpointsOf, portAmong } from './endpoint-tests.ts';
import { serviceWays } from './service-routes.ts';
import type { ServingWorkload, SmokeSubject } from './subject.ts';
import type { ServiceTest } from './test.ts';

/** The workload behind a Service, and the port by which an HTTP endpoint of its pods is called. */
interface ServiceEntry {
  readonly behind: ServingWorkload;
  /** The Service's own. */
  readonly port: number;
  /** The container's behind it, as far as that is known. */
  readonly target?: number;
  /** What is known of the pods: behind this port, or behind another one if it is not `exact`. */
  readonly endpoint?: Endpoint;
  readonly exact: boolean;
}

/**
 * The first of its ports that leads to an endpoint of its pods, else its first. Of several workloads the one that knows it: others may
 * lack the port and get none of its traffic. Undefined where no workload of ours is behind it.
 */
export function entryOf(
  service: KubernetesObject,
  workloads: readonly ServingWorkload[],
  configuration: SmokeSubject['configuration'],
): ServiceEntry | undefined {
  const selector = selectorOf(service);
  const entries = workloads
    .filter(({ workload }) => selector && selects(selector, labelsOf(workload)))
    .flatMap((behind) => entryBehind(service, behind, configuration) ?? []);
  return (
    entries.find(({ exact }) => exact) ?? entries.find(({ target }) => target !== undefined) ?? entries[0]
  );
}

function entryBehind(
  service: KubernetesObject,
  behind: ServingWorkload,
  configuration: SmokeSubject['configuration'],
): ServiceEntry | undefined {
  const { reference, workload } = behind;
  const endpoints = endpointsOf(workload, configuration.services[reference.name]?.endpoints ?? []);
  const targets = ports(service).map((one) => {
    const target = portAmong(targetOf(one), containersOf(workload));
    return { port: isHeadless(service) ? target : one['port'], target };
  });
  const known = targets
    .map((one) => ({ ...one, endpoint: bestOf(endpoints.filter(({ port }) => port === one.target)) }))
    .find((one) => one.endpoint !== undefined);
  const endpoint = known?.endpoint ?? bestOf(endpoints);
  const { port, target } = known ?? targets[0] ?? {};
  if (typeof port !== 'number') return undefined;
  return {
    behind,
    port,
    ...(target === undefined ? {} : { target }),
    ...(endpoint === undefined ? {} : { endpoint }),
    exact: known !== undefined,
  };
}

/**
 * The test of a Service by that port. Where none leads to an endpoint although the pods have some, the port may be a mistake: then it
 * is only asked to have a listener. Undefined for pods without HTTP endpoints.
 */
export function serviceCall(
  service: KubernetesObject,
  workloads: readonly ServingWorkload[],
  {
    namespace,
    configuration,
    entrances,
    authorities,
  }: Pick<SmokeSubject, 'namespace' | 'configuration' | 'entrances' | 'authorities'>,
): ServiceTest | undefined {
  const entry = entryOf(service, workloads, configuration);
  if (entry?.endpoint === undefined) return undefined;
  const { port, target, endpoint, exact, behind } = entry;
  const pod = behind.pods.find(isReady)?.metadata.name;
  const { scheme, path, method, headers, expect } = endpoint;
  const { name } = service.metadata;
  const host = `${name}.${namespace}`;
  const call = {
    id: `${name}/service/${method} :${port}${path}`,
    subject: name,
    kind: 'service' as const,
    title: `Service ${name} as a whole, :${port}${path}`,
    address: `${scheme}://${host}:${port}${path}`,
    objects: [referenceOf(service)],
    field: ['spec', 'ports'],
    what: 'service' as const,
    service: name,
    anyAnswer: !exact,
    scheme,
    serverName: host,
    host: `${host}.svc`,
    port,
    ...(pod === undefined || target === undefined ? {} : { backing: { pod, port: target } }),
    request: { method, path, headers },
    expect,
  };
  return { ...call, ways: serviceWays(service, call, entrances, authorities) };
}

/** Ready is what a Service asks of its pods. */
function bestOf(endpoints: readonly Endpoint[]): Endpoint | undefined {
  return endpoints.find(({ kind }) => kind === 'readiness') ?? endpoints[0];
}

/** Its name is that of the pods: nothing translates ports. */
function isHeadless(service: KubernetesObject): boolean {
  const spec = service['spec'];
  return isObject(spec) && spec['clusterIP'] === 'None';
}

function ports(service: KubernetesObject): readonly JsonObject[] {
  const spec = service['spec'];
  const listed = isObject(spec) && Array.isArray(spec['ports']) ? spec['ports'].filter(isObject) : [];
  return listed.filter(({ protocol }) => protocol === undefined || protocol === 'TCP');
}

function targetOf({ port, targetPort }: JsonObject): string | number {
  const target = targetPort ?? port;
  return typeof target === 'number' ? target : String(target);
}

function labelsOf(workload: KubernetesObject): Readonly<Record<string, string>> {
  const metadata = podTemplateOf(workload)?.['metadata'];
  const labels = isObject(metadata) ? metadata['labels'] : undefined;
  return isObject(labels) ? (labels as Readonly<Record<string, string>>) : {};
}

function containersOf(workload: KubernetesObject): readonly JsonObject[] {
  const spec = podTemplateOf(workload)?.['spec'];
  return isObject(spec) && Array.isArray(spec['containers']) ? spec['containers'].filter(isObject) : [];
}

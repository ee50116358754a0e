/** The HTTP endpoints of a workload, on each of its pods: those that its probes ask, and those that orion.yaml names. */
import { isObject } from '../managed-fields.ts';
import type { JsonObject, KubernetesObject } from '../objects.ts';
import type { FieldPath } from '../source.ts';
import { podTemplateOf, templatePathOf } from '../workloads.ts';
import type { AnswerExpectations, ConfiguredEndpoint } from './configuration.ts';
import type { ServingWorkload, SmokeSubject } from './subject.ts';
import type { SmokeTest } from './test.ts';

export interface Endpoint {
  readonly kind: 'health' | 'readiness';
  /** Number, resolved from the container's named ports. */
  readonly port: number;
  readonly scheme: 'http' | 'https';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly field?: FieldPath;
  readonly method: string;
  readonly expect: AnswerExpectations;
}

const probeKinds = [
  ['livenessProbe', 'health'],
  ['readinessProbe', 'readiness'],
] as const;

/** Each endpoint on each pod of this release. */
export function endpointTests(
  { reference, workload, pods }: ServingWorkload,
  { namespace, configuration }: Pick<SmokeSubject, 'namespace' | 'configuration'>,
): readonly SmokeTest[] {
  const { name } = reference;
  const endpoints = endpointsOf(workload, configuration.services[name]?.endpoints ?? []);
  return endpoints.flatMap(({ kind, port, scheme, path, headers, field, method, expect }) =>
    pods.map(({ metadata }): SmokeTest => {
      const pod = metadata.name;
      return {
        id: `${name}/${kind}/pod ${pod} :${port}${path}`,
        subject: name,
        kind,
        title: `${kind === 'health' ? 'Health' : 'Readiness'} endpoint :${port}${path} of pod ${pod}`,
        address: `${scheme}://${pod}.${namespace}:${port}${path}`,
        pod,
        objects: [reference],
        ...(field === undefined ? {} : { field }),
        what: 'http',
        scheme,
        serverName: `${name}.${namespace}`,
        // The kubelet does not look at the certificates of pods either.
        verify: false,
        reach: { type: 'pod', pod, port },
        request: { method, path, headers },
        expect,
      };
    }),
  );
}

/** Those of the probes; an entry of orion.yaml with the same path takes the place of a probe's, the others come besides. */
export function endpointsOf(
  workload: KubernetesObject,
  configured: readonly ConfiguredEndpoint[],
): readonly Endpoint[] {
  const containers = containersOf(workload);
  const probed = containers.flatMap((container, index) => probedEndpoints(workload, container, index));
  const first = usualPort(workload);
  const named = configured.flatMap(({ path, method, requestHeaders, expect, ...one }): Endpoint[] => {
    const port = one.port === undefined ? first : portAmong(one.port, containers);
    if (port === undefined) return [];
    const probe = probed.find((other) => other.path === path && other.port === port);
    const { kind = 'health', scheme = 'http', field } = probe ?? {};
    const headers = { ...probe?.headers, ...requestHeaders };
    return [{ kind, scheme, headers, path, port, method, expect, ...(field === undefined ? {} : { field }) }];
  });
  const replaced = new Set(named.map(({ path, port }) => `${port}${path}`));
  return [...probed.filter(({ path, port }) => !replaced.has(`${port}${path}`)), ...named];
}

function probedEndpoints(
  workload: KubernetesObject,
  container: JsonObject,
  index: number,
): readonly Endpoint[] {
  return probeKinds.flatMap(([name, kind]) => {
    const probe = container[name];
    const get = isObject(probe) ? probe['httpGet'] : undefined;
    if (!isObject(get)) return [];
    const port = portOf(get['port'], container);
    if (port === undefined) return [];
    const path = typeof get['path'] === 'string' && get['path'] !== '' ? get['path'] : '/';
    return [
      {
        kind,
        port,
        scheme: get['scheme'] === 'HTTPS' ? ('https' as const) : ('http' as const),
        path: path.startsWith('/') ? path : `/${path}`,
        headers: headersOf(get['httpHeaders']),
        method: 'GET',
        expect: {},
        field: [...(templatePathOf(workload) ?? []), 'spec', 'containers', index, name],
      },
    ];
  });
}

function headersOf(entries: unknown): Readonly<Record<string, string>> {
  const listed = Array.isArray(entries) ? entries.filter(isObject) : [];
  return Object.fromEntries(listed.map(({ name, value }) => [String(name), String(value ?? '')]));
}

function containersOf(workload: KubernetesObject): readonly JsonObject[] {
  const spec = podTemplateOf(workload)?.['spec'];
  return isObject(spec) && Array.isArray(spec['containers']) ? spec['containers'].filter(isObject) : [];
}

function portsOf(container: JsonObject): readonly JsonObject[] {
  return Array.isArray(container['ports']) ? container['ports'].filter(isObject) : [];
}

function portOf(port: unknown, container: JsonObject): number | undefined {
  // After kustomize a number may come as text: IntOrString.
  if (typeof port === 'number') return port;
  if (typeof port === 'string' && /^\d+$/.test(port)) return Number(port);
  const named = portsOf(container).find(({ name }) => name === port)?.['containerPort'];
  return typeof named === 'number' ? named : undefined;
}

/** The number of a port that one of the containers has by this name, or the number itself. */
export function portAmong(port: string | number, containers: readonly JsonObject[]): number | undefined {
  return containers.map((container) => portOf(port, container)).find((found) => found !== undefined);
}

/** The port of a workload's pods that is called where nothing names one: the one that its probes ask, else its first. */
export function usualPort(workload: KubernetesObject): number | undefined {
  const containers = containersOf(workload);
  const probed = containers.flatMap((container, index) => probedEndpoints(workload, container, index));
  return probed[0]?.port ?? firstPort(containers);
}

/** The number of a container port of this workload by its name or number. */
export function containerPort(port: string | number, workload: KubernetesObject): number | undefined {
  return portAmong(port, containersOf(workload));
}

function firstPort(containers: readonly JsonObject[]): number | undefined {
  const ports = containers.flatMap(portsOf).map((port) => port['containerPort']);
  return ports.find((port) => typeof port === 'number');
}

/** The HTTP endpoints of a workload, on each of its pods: those that its probes ask, and those that orion.yaml names. */
import { fieldAt, flagAt, listAt, numberAt, textAt, timeOf } from '../../kubernetes/fields.ts';
import { isObject } from '../../kubernetes/managed-fields.ts';
import type { JsonObject, KubernetesObject, ObjectReference } from '../../kubernetes/objects.ts';
import type { FieldPath } from '../../kubernetes/source-location.ts';
import { podTemplateOf, templatePathOf } from '../../workloads/workloads.ts';
import type { AnswerExpectations, ConfiguredEndpoint } from '../configuration.ts';
import { isLoopback } from '../databases/databases.ts';
import type { Judgement } from '../judgement.ts';
import type { ServingWorkload, SmokeSubject } from './subject.ts';
import type { SmokeTest } from './test.ts';

/** An endpoint of a container, before it is known which pods there are. */
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
  /** The container that its probe belongs to. */
  readonly container?: string;
  /** Seconds after the start of the container before which its author does not let it count. */
  readonly delay?: number;
}

/** Those that a probe asks elsewhere than at its pod, by `httpGet.host`. */
interface ElsewhereEndpoint extends Endpoint {
  readonly host: string;
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
  const answering = answeringPorts(workload);
  const ofPods = endpoints.flatMap(
    ({ kind, port, scheme, path, headers, field, method, expect, ...timing }) =>
      pods.map((object): SmokeTest => {
        const pod = object.metadata.name;
        const isKnown = answering.includes(port);
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
          ...countingOf(object, timing, isKnown),
        };
      }),
  );
  return [...ofPods, ...elsewhereTests(workload, reference)];
}

/**
 * From when a probe counts: `initialDelaySeconds` after the start of its container, as the kubelet has it (pkg/kubelet/prober/worker.go).
 * Where another probe asks the same port somebody answers there already, and it can be asked at once.
 */
function countingOf(
  pod: KubernetesObject,
  { container, delay }: Pick<Endpoint, 'container' | 'delay'>,
  isKnown: boolean,
): { readonly countsFrom?: number; readonly waits?: true } {
  if (delay === undefined || delay <= 0 || container === undefined) return {};
  const status = listAt(pod, 'status', 'containerStatuses').find((one) => textAt(one, 'name') === container);
  const since = timeOf(textAt(status, 'state', 'running', 'startedAt'));
  if (since === undefined) return {};
  // The start is given in whole seconds, cut off.
  const countsFrom = since + (delay + 1) * 1000;
  return isKnown ? { countsFrom } : { countsFrom, waits: true };
}

/** Those of the probes; an entry of orion.yaml with the same path takes the place of a probe's, the others come besides. */
export function endpointsOf(
  workload: KubernetesObject,
  configured: readonly ConfiguredEndpoint[],
): readonly Endpoint[] {
  const containers = containersOf(workload);
  const probed = ownEndpoints(workload);
  const first = usualPort(workload);
  const named = configured.flatMap(({ path, method, requestHeaders, expect, ...one }): Endpoint[] => {
    const port = one.port === undefined ? first : portAmong(one.port, containers);
    if (port === undefined) return [];
    const probe = probed.find((other) => other.path === path && other.port === port);
    const { kind = 'health', scheme = 'http', field, container, delay } = probe ?? {};
    const timing = container === undefined || delay === undefined ? {} : { container, delay };
    const headers = { ...probe?.headers, ...requestHeaders };
    return [
      {
        kind,
        scheme,
        headers,
        path,
        port,
        method,
        expect,
        ...(field === undefined ? {} : { field }),
        ...timing,
      },
    ];
  });
  const replaced = new Set(named.map(({ path, port }) => `${port}${path}`));
  return [...probed.filter(({ path, port }) => !replaced.has(`${port}${path}`)), ...named];
}

/** The ports at which a pod that is ready has answered one of its other probes. */
function answeringPorts(workload: KubernetesObject): readonly number[] {
  return containersOf(workload).flatMap((container) =>
    ['readinessProbe', 'startupProbe'].flatMap((name) => {
      const probe = container[name];
      const asked = ['httpGet', 'tcpSocket', 'grpc'].map((way) => fieldAt(probe, way)).find(isObject);
      return asked === undefined || !isOwn(textAt(asked, 'host') ?? '', workload)
        ? []
        : (portOf(asked['port'], container) ?? []);
    }),
  );
}

function ownEndpoints(workload: KubernetesObject): readonly Endpoint[] {
  return probesOf(workload).filter(({ host }) => isOwn(host, workload));
}

/** An empty host is the pod; so is loopback, which is the node's, of a pod that shares the node's network. */
function isOwn(host: string, workload: KubernetesObject): boolean {
  const isOfNode = flagAt(podTemplateOf(workload), 'spec', 'hostNetwork') === true;
  return host === '' || (isOfNode && isLoopback(host));
}

function probesOf(workload: KubernetesObject): readonly ElsewhereEndpoint[] {
  return containersOf(workload).flatMap((container, index) => probedEndpoints(workload, container, index));
}

/** A probe that asks another host says how the kubelet learns of readiness, not that the pod serves this port. */
function elsewhereTests(workload: KubernetesObject, reference: ObjectReference): readonly SmokeTest[] {
  const { name } = reference;
  return probesOf(workload)
    .filter(({ host }) => !isOwn(host, workload))
    .map(({ host, kind, port, scheme, path, headers, field, method, expect }): SmokeTest => {
      const address = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
      const title = `${kind === 'health' ? 'Health' : 'Readiness'} endpoint ${address}`;
      const identity = {
        id: `${name}/${kind}/${address}`,
        subject: name,
        kind,
        title,
        address,
        objects: [reference],
        ...(field === undefined ? {} : { field }),
      };
      if (isLoopback(host)) return { ...identity, what: 'decided', judgement: ofTheNode(title) };
      return {
        ...identity,
        what: 'http',
        scheme,
        serverName: host,
        verify: false,
        reach: { type: 'direct', host, port },
        request: { method, path, headers },
        expect,
        doubt: 'its probe is called from the nodes, and this machine is not a node',
      };
    });
}

function ofTheNode(title: string): Judgement {
  return {
    outcome: 'skipped',
    message: `${title} is at the loopback address of the node, which only the kubelet can reach: it is skipped.`,
  };
}

function probedEndpoints(
  workload: KubernetesObject,
  container: JsonObject,
  index: number,
): readonly ElsewhereEndpoint[] {
  return probeKinds.flatMap(([name, kind]) => {
    const probe = container[name];
    const get = isObject(probe) ? probe['httpGet'] : undefined;
    if (!isObject(get)) return [];
    const port = portOf(get['port'], container);
    if (port === undefined) return [];
    const delay = name === 'livenessProbe' ? numberAt(probe, 'initialDelaySeconds') : undefined;
    const path = typeof get['path'] === 'string' && get['path'] !== '' ? get['path'] : '/';
    return [
      {
        host: textAt(get, 'host') ?? '',
        container: String(container['name']),
        ...(delay === undefined ? {} : { delay }),
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
  return ownEndpoints(workload)[0]?.port ?? firstPort(containersOf(workload));
}

/** The number of a container port of this workload by its name or number. */
export function containerPort(port: string | number, workload: KubernetesObject): number | undefined {
  return portAmong(port, containersOf(workload));
}

function firstPort(containers: readonly JsonObject[]): number | undefined {
  const ports = containers.flatMap(portsOf).map((port) => port['containerPort']);
  return ports.find((port) => typeof port === 'number');
}

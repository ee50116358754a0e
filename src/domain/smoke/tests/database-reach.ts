/** Resolves the name of a database to a pod or an external address, as the cluster's DNS would for its users. */
import type { HealthState } from '../../health/state.ts';
import { fieldAt, flagAt, listAt, numberAt, textAt } from '../../kubernetes/fields.ts';
import {
  groupKindOf,
  type KubernetesObject,
  type ObjectReference,
  referenceOf,
} from '../../kubernetes/objects.ts';
import { isReady } from '../../status/built-in/pod.ts';
import { podTemplateOf } from '../../workloads/workloads.ts';
import { isIP } from '../databases/addresses.ts';
import { type Database, isLoopback } from '../databases/databases.ts';
import { protocols } from '../databases/protocols.ts';
import type { Judgement } from '../judgement.ts';
import type { ServingWorkload } from './subject.ts';
import type { Reach } from './test.ts';

/** What a database's name is resolved by: Services and EndpointSlices in `health`, and the pods of the workloads. */
export interface Ground {
  readonly namespace: string;
  readonly health: HealthState;
  readonly workloads: readonly ServingWorkload[];
}

interface Reached {
  readonly objects: readonly ObjectReference[];
  /** Where it is dialled; of a sidecar each pod has its own. */
  readonly ways: readonly Way[];
  /** In the place of ways: what the cluster says already. */
  readonly judgement?: Judgement;
}

/** One way to a database; it becomes one test. */
export interface Way {
  readonly reach: Reach;
  /** Why a failure may be caused by the way and not by the database; absent where nothing speaks for that. */
  readonly doubt?: string;
}

const elsewhere = 'this machine is not where the pods are';

/** The pods behind its name, its address outside the cluster, or already a judgement: a name that no Service has. */
export function reachOf(database: Database, ground: Ground): Reached {
  const { host, port } = database;
  if (isLoopback(host)) return besideItsUser(database, ground);
  const place = placeOf(host, ground);
  const alias = aliasOf(host, database, ground);
  if (alias !== undefined) return outside(alias, port, []);
  if (place === undefined) {
    const isInside = isOfNamespace(host, ground.namespace) && !resolvesElsewhere(database, ground);
    return isInside ? decided(noService(database)) : outside(host, port, []);
  }
  if (isOfOtherNamespace(host, place, ground.health)) return outside(host, port, []);
  return behind(place, database, ground.health);
}

/**
 * `postgres.data` is pod postgres behind Service data where there is one; else DNS goes on to Service postgres of namespace data.
 * Nobody calls a Service `redis-7`: that is the pod of a set.
 */
function isOfOtherNamespace(host: string, { service, member }: Place, health: HealthState): boolean {
  if (member === undefined || /-\d+$/.test(member) || host.replace(/\.$/, '').split('.').length > 2)
    return false;
  return !endpointsOf(service, health).some(({ names }) => names.includes(member));
}

/** What the host name leads to: a Service, and the single pod that the name asks for. */
interface Place {
  readonly service: KubernetesObject;
  /** `redis-0` of `redis-0.redis`. */
  readonly member?: string;
}

/**
 * The forms that the cluster's DNS knows: service, service.namespace, pod.service and pod.service.namespace, the last two with or
 * without `svc` and the cluster's domain. Source: Kubernetes documentation, "DNS for Services and Pods".
 */
function placeOf(host: string, { namespace, health }: Ground): Place | undefined {
  const services = [...health.values()].filter(
    (one) => groupKindOf(one) === 'Service' && one.metadata.namespace === namespace,
  );
  if (isIP(host)) {
    const service = services.find(
      (one) => listAt(one, 'spec', 'clusterIPs').includes(host) || textAt(one, 'spec', 'clusterIP') === host,
    );
    return service && { service };
  }
  const labels = host.toLowerCase().replace(/\.$/, '').split('.');
  const end = labels.indexOf('svc');
  const known = end < 0 ? labels : labels.slice(0, end);
  const named = (name: string | undefined) => services.find(({ metadata }) => metadata.name === name);
  const [first, second, third, ...more] = known;
  if (more.length > 0 || (end >= 0 && known.at(-1) !== namespace)) return undefined;
  const isPlain = second === undefined || (second === namespace && third === undefined);
  const service = named(isPlain ? first : undefined);
  if (service !== undefined) return { service };
  const isMember = second !== undefined && (third === undefined || third === namespace) && end !== 2;
  const governing = isMember ? named(second) : undefined;
  return governing && { service: governing, member: first ?? '' };
}

function isOfNamespace(host: string, namespace: string): boolean {
  const [, second, third, fourth] = host.replace(/\.$/, '').split('.');
  if (isIP(host)) return false;
  return (
    second === undefined ||
    (second === namespace && (third === undefined || third === 'svc')) ||
    (third === namespace && fourth === 'svc')
  );
}

/** Entries of the pod's own hosts file. */
function aliasOf(host: string, database: Database, ground: Ground): string | undefined {
  const aliases = templatesOf(database, ground).flatMap((template) =>
    listAt(template, 'spec', 'hostAliases'),
  );
  return textAt(
    aliases.find((one) => listAt(one, 'hostnames').includes(host)),
    'ip',
  );
}

/** Its users look names up by other rules than the cluster's, or in more domains. */
function resolvesElsewhere(database: Database, ground: Ground): boolean {
  return templatesOf(database, ground).some((template) => {
    const policy = textAt(template, 'spec', 'dnsPolicy') ?? 'ClusterFirst';
    const own = flagAt(template, 'spec', 'hostNetwork') === true && policy === 'ClusterFirst';
    return (
      own ||
      policy === 'Default' ||
      policy === 'None' ||
      listAt(template, 'spec', 'dnsConfig', 'searches').length > 0
    );
  });
}

function templatesOf({ users }: Database, { workloads }: Ground): readonly unknown[] {
  return usersAmong(users, workloads).map(({ workload }) => podTemplateOf(workload));
}

function usersAmong(
  users: readonly ObjectReference[],
  workloads: readonly ServingWorkload[],
): readonly ServingWorkload[] {
  return workloads.filter(({ reference }) =>
    users.some(({ kind, name }) => kind === reference.kind && name === reference.name),
  );
}

/** Loopback is the pod's own: a port-forward ends there. */
function besideItsUser(database: Database, { workloads }: Ground): Reached {
  const { port, users } = database;
  const serving = usersAmong(users, workloads);
  const objects: readonly ObjectReference[] = [];
  const ways = serving.flatMap(({ pods, workload }) => {
    const template = podTemplateOf(workload);
    const sidecars = listAt(template, 'spec', 'initContainers').filter(
      (one) => textAt(one, 'restartPolicy') === 'Always',
    );
    const isAlone = listAt(template, 'spec', 'containers').length + sidecars.length < 2;
    const doubt = isAlone ? { doubt: 'no other container of the pod could be it' } : {};
    return pods
      .filter(isReady)
      .map(({ metadata }): Way => ({ reach: { type: 'pod', pod: metadata.name, port }, ...doubt }));
  });
  return ways.length > 0 ? { objects, ways } : decided(noPod(database));
}

function behind({ service, member }: Place, { kind, port, host }: Database, health: HealthState): Reached {
  const objects = [referenceOf(service)];
  const external = textAt(service, 'spec', 'externalName');
  if (
    textAt(service, 'spec', 'type') === 'ExternalName' ||
    (external !== undefined && fieldAt(service, 'spec', 'selector') === undefined)
  ) {
    return outside(external ?? host, port, objects);
  }
  const entry = listAt(service, 'spec', 'ports').find((one) => numberAt(one, 'port') === port);
  const isHeadless = textAt(service, 'spec', 'clusterIP') === 'None';
  if (entry === undefined && !isHeadless) return decided(noPort(service, port, kind), objects);
  const found = endpointsOf(service, health).find(
    ({ isServing, names, target }) =>
      isServing &&
      (member === undefined || names.includes(member)) &&
      (isHeadless || target(entry) !== undefined),
  );
  // A headless name is that of the pods: nothing translates ports.
  const target = isHeadless ? port : found?.target(entry);
  if (found === undefined || target === undefined)
    return decided(nobodyBehind(service, port, kind, member), objects);
  if (found.pod === undefined) return outside(found.address, target, objects);
  return { objects, ways: [{ reach: { type: 'pod', pod: found.pod, port: target } }] };
}

interface Endpoint {
  /** Absent for an address that is none of a pod: somebody else wrote the slice. */
  readonly pod?: string;
  readonly address: string;
  /** What DNS calls it within the Service. */
  readonly names: readonly string[];
  readonly isServing: boolean;
  /** The number behind a port of the Service. */
  target(entry: unknown): number | undefined;
}

/** By name, so that it is the same one each time, and the first of a StatefulSet. */
function endpointsOf(service: KubernetesObject, health: HealthState): readonly Endpoint[] {
  const { name, namespace } = service.metadata;
  const slices = [...health.values()].filter(
    ({ metadata }) =>
      metadata.labels?.['kubernetes.io/service-name'] === name && metadata.namespace === namespace,
  );
  const unready = flagAt(service, 'spec', 'publishNotReadyAddresses') === true;
  const found = slices.flatMap((slice) =>
    listAt(slice, 'endpoints').map((one): Endpoint => {
      const pod = textAt(one, 'targetRef', 'kind') === 'Pod' ? textAt(one, 'targetRef', 'name') : undefined;
      const address = String(listAt(one, 'addresses')[0] ?? '');
      const isServing =
        (flagAt(one, 'conditions', 'ready') ?? true) && flagAt(one, 'conditions', 'terminating') !== true;
      return {
        ...(pod === undefined ? {} : { pod }),
        address,
        names: [textAt(one, 'hostname') ?? '', pod ?? ''],
        isServing: isServing || unready,
        target: (entry) =>
          numberAt(
            listAt(slice, 'ports').find(
              (port) => (textAt(port, 'name') ?? '') === (textAt(entry, 'name') ?? ''),
            ),
            'port',
          ),
      };
    }),
  );
  const key = ({ pod = '', address }: Endpoint): string => `${pod} ${address}`;
  return found.toSorted((one, other) => (key(one) < key(other) ? -1 : 1));
}

function outside(host: string, port: number, objects: readonly ObjectReference[]): Reached {
  return { objects, ways: [{ reach: { type: 'direct', host, port }, doubt: elsewhere }] };
}

function decided(judgement: Judgement, objects: readonly ObjectReference[] = []): Reached {
  return { objects, ways: [], judgement };
}

function noService({ host, kind }: Database): Judgement {
  return {
    outcome: 'failed',
    reason: 'dns-unknown',
    message: `${protocols[kind].title} at ${host} has a name that the cluster’s DNS does not resolve: there is no Service of that name.`,
    remedy: 'Correct the host in the URL, or add the Service to the overlay.',
  };
}

function noPod({ host, port, kind, users }: Database): Judgement {
  const names = users.map(({ kind: of, name }) => `${of} ${name}`).join(', ');
  return {
    outcome: 'inconclusive',
    reason: 'not-reachable-from-here',
    message: `${protocols[kind].title} at ${host}:${port} was not tested: it runs in the pods of ${names}, and none of them is ready.`,
    remedy: 'Run the smoke tests again while a pod of it runs.',
  };
}

function noPort({ metadata: { name } }: KubernetesObject, port: number, kind: Database['kind']): Judgement {
  return {
    outcome: 'failed',
    reason: 'connection-refused',
    message: `${protocols[kind].title} cannot be reached: Service ${name} has no port ${port}.`,
    remedy: 'Correct the port in the settings of the workload, or add it to the Service.',
  };
}

function nobodyBehind(
  { metadata: { name } }: KubernetesObject,
  port: number,
  kind: Database['kind'],
  member: string | undefined,
): Judgement {
  const who = member === undefined ? 'ready pod' : `ready pod ${member}`;
  return {
    outcome: 'failed',
    reason: 'connection-refused',
    message: `${protocols[kind].title} is down: Service ${name} has no ${who} behind port ${port}.`,
    remedy: `Check the pods that Service ${name} selects: kubectl get endpointslices, then their events and logs.`,
  };
}

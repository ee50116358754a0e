/** One test for each database: which pod stands behind its name, and what to log in with. */

import { fieldAt, flagAt, listAt, numberAt, textAt } from '../fields.ts';
import { selectorOf } from '../health/endpoints.ts';
import type { HealthState } from '../health/state.ts';
import { groupKindOf, type KubernetesObject, type ObjectReference, referenceOf } from '../objects.ts';
import type { Database } from './databases.ts';
import type { Judgement } from './judgement.ts';
import type { Reach, SmokeTest } from './test.ts';

interface Ground {
  readonly namespace: string;
  readonly health: HealthState;
}

export function databaseTests(databases: readonly Database[], ground: Ground): readonly SmokeTest[] {
  const names = new Map<string, number>();
  return databases.map((database) => {
    const count = (names.get(database.name) ?? 0) + 1;
    names.set(database.name, count);
    return testOf(database, reachOf(database, ground), count);
  });
}

/** The same for a URL that is dialled as it is. */
export function directDatabaseTest(database: Database): SmokeTest {
  const { host, port } = database;
  return testOf(database, { reach: { type: 'direct', host, port }, objects: [] }, 1);
}

function testOf(database: Database, { reach, objects, judgement }: Reached, count: number): SmokeTest {
  const { kind, name, host, port, user, password, database: inside, tls, users } = database;
  const path = inside === undefined ? '' : `/${inside}`;
  const identity = {
    id: `${name}/${kind}${count === 1 ? '' : `/${count}`}`,
    subject: name,
    kind,
    title: `${kind === 'postgres' ? 'PostgreSQL' : 'Redis'} at ${host}:${port}${path}`,
    address: `${kind}://${host}:${port}${path}`,
    objects: [...objects, ...users],
    ...(reach?.type === 'pod' ? { pod: reach.pod } : {}),
  };
  if (judgement !== undefined || reach === undefined) {
    return { ...identity, what: 'decided', judgement: judgement ?? unknownLogin(identity.title, database) };
  }
  // Redis may well be open; a PostgreSQL without a user is nothing to try.
  if (kind === 'postgres' && !database.credentials) {
    return { ...identity, what: 'decided', judgement: unknownLogin(identity.title, database) };
  }
  return {
    ...identity,
    what: kind,
    reach,
    serverName: host,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(inside === undefined ? {} : { database: inside }),
    tls,
  };
}

function unknownLogin(title: string, { name, source }: Database): Judgement {
  return {
    outcome: 'inconclusive',
    reason: 'login-unknown',
    message: `${title} was not tested: nothing says how to log in (found by ${source}).`,
    remedy: `Name a Secret with its URL in orion.yaml: smoke.databases.${name}: {secret: …, key: …}.`,
  };
}

interface Reached {
  readonly reach?: Reach;
  readonly objects: readonly ObjectReference[];
  readonly judgement?: Judgement;
}

/** Names of this namespace lead to a pod; all others are dialled from here. */
function reachOf({ host, port, kind }: Database, { namespace, health }: Ground): Reached {
  const [first = '', second, ...rest] = host.split('.');
  const inside = second === undefined || (second === namespace && (rest.length === 0 || rest[0] === 'svc'));
  const service = [...health.values()].find(
    (one) =>
      groupKindOf(one) === 'Service' && one.metadata.namespace === namespace && one.metadata.name === first,
  );
  if (service === undefined && host !== 'localhost' && inside)
    return { objects: [], judgement: noService(host, kind) };
  if (!inside || service === undefined) return { objects: [], reach: { type: 'direct', host, port } };
  const objects = [referenceOf(service)];
  if (selectorOf(service) === undefined && textAt(service, 'spec', 'externalName') !== undefined) {
    const external = textAt(service, 'spec', 'externalName') ?? host;
    return { objects, reach: { type: 'direct', host: external, port } };
  }
  const behind = podBehind(service, port, health);
  if (behind === undefined) return { objects, judgement: nobodyBehind(service, port, kind) };
  return { objects, reach: { type: 'pod', ...behind } };
}

function noService(host: string, kind: Database['kind']): Judgement {
  return {
    outcome: 'failed',
    reason: 'dns-unknown',
    message: `${titles[kind]} at ${host} has a name that the cluster’s DNS does not know: there is no Service of that name.`,
    remedy: 'Correct the host in the URL, or add the Service to the overlay.',
  };
}

const titles = { postgres: 'PostgreSQL', redis: 'Redis' } as const;

function nobodyBehind(service: KubernetesObject, port: number, kind: Database['kind']): Judgement {
  const { name } = service.metadata;
  return {
    outcome: 'failed',
    reason: 'connection-refused',
    message: `${titles[kind]} is down: Service ${name} has no ready pod behind port ${port}.`,
    remedy: `Look at the pods that Service ${name} selects: kubectl get endpointslices, then their events and log.`,
  };
}

/** The first ready pod of the Service's EndpointSlices, with the container's port behind the Service's. */
function podBehind(
  service: KubernetesObject,
  port: number,
  health: HealthState,
): { readonly pod: string; readonly port: number } | undefined {
  const entry = listAt(service, 'spec', 'ports').find((one) => numberAt(one, 'port') === port);
  const name = textAt(entry, 'name') ?? '';
  for (const slice of health.values()) {
    if (slice.metadata.labels?.['kubernetes.io/service-name'] !== service.metadata.name) continue;
    if (slice.metadata.namespace !== service.metadata.namespace) continue;
    const target = numberAt(
      listAt(slice, 'ports').find((one) => (textAt(one, 'name') ?? '') === name),
      'port',
    );
    const ready = listAt(slice, 'endpoints').find(
      (one) =>
        textAt(one, 'targetRef', 'kind') === 'Pod' &&
        (flagAt(one, 'conditions', 'ready') ?? true) &&
        fieldAt(one, 'conditions', 'terminating') !== true,
    );
    const pod = textAt(ready, 'targetRef', 'name');
    if (pod !== undefined && target !== undefined) return { pod, port: target };
  }
  return undefined;
}

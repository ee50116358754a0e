/** Discovers the databases of a release: from the settings of its workloads, and from Services on the default ports. */
import { listAt, numberAt } from '../../kubernetes/fields.ts';
import {
  groupKindOf,
  type KubernetesObject,
  type ObjectReference,
  referenceOf,
} from '../../kubernetes/objects.ts';
import { podTemplateOf } from '../../workloads/workloads.ts';
import { databaseKinds } from '../report.ts';
import { isIP } from './addresses.ts';
import { parseAddress } from './database-address.ts';
import { databasesIn, type KnownDatabase, type ServesKind } from './logins.ts';
import type { DatabaseTls } from './protocol.ts';
import { protocols } from './protocols.ts';
import { serverLogin, workloadsBehind } from './servers.ts';
import { type SettingValues, settingsOf } from './settings.ts';

/** One database to be tested: where it is, what logs in to it, and who uses it. */
export interface Database extends Omit<KnownDatabase, 'tls'> {
  /** Its display name: the Service's name, else the host. */
  readonly name: string;
  readonly tls: DatabaseTls;
  /** Where it was found: `Secret orion-secrets, key DATABASE_URL`. */
  readonly source: string;
  /** Nothing but a Service was found: nobody says that it is used. */
  readonly isUnnamed?: true;
  /** The workloads whose settings name it. */
  readonly users: readonly ObjectReference[];
  /** Its entry in orion.yaml. */
  readonly skip?: true;
  readonly from?: 'runner' | 'cluster';
}

/** Each database once, however many workloads name it; `objects` also brings the Services. */
export function databasesOf(
  objects: readonly KubernetesObject[],
  values: SettingValues,
): readonly Database[] {
  const serves: ServesKind = (host, kind) =>
    servicesOn(protocols[kind].port, objects).includes(host.split('.')[0] ?? host);
  const workloads = objects.filter((one) => podTemplateOf(one) !== undefined);
  const found = workloads.flatMap((workload) =>
    settingsOf(workload, values)
      .flatMap((container) => databasesIn(container, serves))
      .map((one): Database => {
        const database = { ...one, name: nameOf(one, workload), tls: { mode: one.tls } };
        return withServerLogin({ ...database, users: [referenceOf(workload)] }, objects, values);
      }),
  );
  const known = [...Map.groupBy(found, identityOf).values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, users: uniqueUsers([first, ...others]) }],
  );
  const unnamed = unnamedOf(objects, known).map((one) => withServerLogin(one, objects, values));
  return [...known, ...unnamed];
}

/** As orion.yaml says it, as a whole. Undefined for a text that is no address of a database; unfinished ones (`postgres://$(USER)@…`) are none. */
export function parseDatabaseUrl(text: string, source: string): Database | undefined {
  const address = parseAddress(text);
  if (address?.kind === undefined) return undefined;
  const { kind, host, port = protocols[kind].port, tls = 'prefer', ...rest } = address;
  const name = shortName(host);
  return { ...rest, kind, host, port, tls: { mode: tls }, name, source, login: 'stated', users: [] };
}

/** The pod's own address: what is there is beside the container. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|::1|(0:){7}1|ip6-localhost)$/i.test(host.replace(/\.$/, ''));
}

function nameOf({ kind, host }: KnownDatabase, workload: KubernetesObject): string {
  return isLoopback(host) ? `${workload.metadata.name}-${kind}` : shortName(host);
}

function shortName(host: string): string {
  return isIP(host) ? host : (host.split('.')[0] ?? host);
}

function identityOf({ kind, name, host, port, user, password, database }: Database): string {
  return JSON.stringify([kind, name, host, port, user, password, database]);
}

function uniqueUsers(databases: readonly Database[]): readonly ObjectReference[] {
  const users = databases.flatMap((one) => one.users);
  return [...new Map(users.map((user) => [`${user.kind}/${user.name}`, user])).values()];
}

/** Where no setting says how to log in, those of the server may, if it is one of these objects. */
function withServerLogin(
  database: Database,
  objects: readonly KubernetesObject[],
  values: SettingValues,
): Database {
  if (database.password !== undefined || database.login === 'stated') return database;
  const { kind, host, users } = database;
  const [first = '', second = ''] = host.split('.');
  const behind = isLoopback(host)
    ? objects.filter((one) =>
        users.some(({ kind: of, name }) => one.kind === of && one.metadata.name === name),
      )
    : [first, second].flatMap((name) => workloadsBehind(name, objects));
  const [login] = behind.flatMap((workload) => serverLogin(kind, workload, values) ?? []);
  if (login === undefined) return database;
  return {
    ...login,
    ...database,
    ...(login.password === undefined ? {} : { password: login.password }),
    login: 'inferred',
  };
}

/** Services on the usual ports that no setting names. */
function unnamedOf(objects: readonly KubernetesObject[], known: readonly Database[]): readonly Database[] {
  return databaseKinds.flatMap((kind) => {
    const { port } = protocols[kind];
    return servicesOn(port, objects).flatMap((name): readonly Database[] => {
      const isKnown = known.some(
        (one) => one.kind === kind && one.host.split('.').slice(0, 2).includes(name),
      );
      if (isKnown) return [];
      const [source, tls] = [`Service ${name}`, { mode: 'prefer' } as const];
      return [{ kind, name, host: name, port, tls, source, login: 'none', isUnnamed: true, users: [] }];
    });
  });
}

function servicesOn(port: number, objects: readonly KubernetesObject[]): readonly string[] {
  return objects
    .filter((object) => groupKindOf(object) === 'Service')
    .filter((service) => listAt(service, 'spec', 'ports').some((one) => numberAt(one, 'port') === port))
    .map(({ metadata }) => metadata.name);
}

/** The URLs that orion.yaml may have, as its documentation names them: `postgres`, `postgresql`, `redis`, `rediss`. */
export const documentedSchemes: readonly string[] = databaseKinds.flatMap(
  (kind) => protocols[kind].documentedSchemes,
);

/** One URL of each protocol for a message: `postgres://`, `redis://`. */
export const usualSchemes: readonly string[] = databaseKinds.map(
  (kind) => protocols[kind].documentedSchemes[0],
);

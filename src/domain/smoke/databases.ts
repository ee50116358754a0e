/** The databases of a release: from URLs in the settings of its workloads, and from Services on the usual ports. */
import { fieldAt, listAt, numberAt, textAt } from '../fields.ts';
import { groupKindOf, type KubernetesObject, type ObjectReference, referenceOf } from '../objects.ts';
import { podTemplateOf } from '../workloads.ts';
import type { DatabaseTls, TlsMode } from './postgres.ts';

export interface Database {
  readonly kind: 'postgres' | 'redis';
  /** What a person calls it: the Service's name, else the host. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly tls: DatabaseTls;
  /** Where it was found: `Secret orion-secrets, key DATABASE_URL`. */
  readonly source: string;
  /** Whether anything says how to log in; a Service alone does not. */
  readonly credentials: boolean;
  /** The workloads whose settings name it. */
  readonly users: readonly ObjectReference[];
}

/** `data` of Secrets and ConfigMaps as text, by `Secret/name` and `ConfigMap/name`. */
export type SettingValues = ReadonlyMap<string, Readonly<Record<string, string>>>;

const usualPorts = { postgres: 5432, redis: 6379 } as const;
const schemes: Readonly<Record<string, { readonly kind: Database['kind']; readonly tls: TlsMode }>> = {
  'postgres:': { kind: 'postgres', tls: 'prefer' },
  'postgresql:': { kind: 'postgres', tls: 'prefer' },
  'redis:': { kind: 'redis', tls: 'disable' },
  'rediss:': { kind: 'redis', tls: 'verify-full' },
};

/** Every Secret and ConfigMap that the environment of these workloads refers to. */
export function settingReferences(
  workloads: readonly KubernetesObject[],
): readonly { readonly kind: 'Secret' | 'ConfigMap'; readonly name: string }[] {
  const found = workloads.flatMap((workload) =>
    containersOf(workload).flatMap((container) => [
      ...listAt(container, 'env').flatMap((entry) => sourceOf(fieldAt(entry, 'valueFrom'), 'KeyRef')),
      ...listAt(container, 'envFrom').flatMap((entry) => sourceOf(entry, 'Ref')),
    ]),
  );
  return [...new Map(found.map((one) => [`${one.kind}/${one.name}`, one])).values()];
}

/** Each database once, however many workloads name it; `rendered` also brings the Services. */
export function databasesOf(
  rendered: readonly KubernetesObject[],
  values: SettingValues,
): readonly Database[] {
  const named = rendered.flatMap((workload) =>
    settingsOf(workload, values).flatMap(({ text, source }) => {
      const database = parseDatabaseUrl(text, source);
      return database === undefined ? [] : [{ ...database, users: [referenceOf(workload)] }];
    }),
  );
  const known = [...Map.groupBy(named, identityOf).values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, users: uniqueUsers([first, ...others]) }],
  );
  return [...known, ...unnamed(rendered, known)];
}

/** Undefined for a text that is no URL of a database; unfinished ones (`postgres://$(USER)@…`) are none. */
export function parseDatabaseUrl(text: string, source: string): Database | undefined {
  if (!URL.canParse(text) || text.includes('$(')) return undefined;
  const url = new URL(text);
  const scheme = schemes[url.protocol];
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (scheme === undefined || host === '') return undefined;
  const path = decoded(url.pathname.slice(1));
  const user = decoded(url.username);
  const password = decoded(url.password);
  return {
    kind: scheme.kind,
    name: host.split('.')[0] ?? host,
    host,
    port: url.port === '' ? usualPorts[scheme.kind] : Number(url.port),
    ...(user === '' ? {} : { user }),
    ...(password === '' ? {} : { password }),
    ...(path === '' ? {} : { database: path }),
    tls: { mode: tlsModeOf(url.searchParams.get('sslmode')) ?? scheme.tls },
    source,
    credentials: true,
    users: [],
  };
}

function tlsModeOf(sslmode: string | null): TlsMode | undefined {
  const modes: readonly TlsMode[] = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'];
  return sslmode === 'allow' ? 'prefer' : modes.find((mode) => mode === sslmode);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray % is part of the password, as drivers take it.
    return text;
  }
}

function identityOf({ kind, host, port, user, password, database }: Database): string {
  return JSON.stringify([kind, host, port, user, password, database]);
}

function uniqueUsers(databases: readonly Database[]): readonly ObjectReference[] {
  const users = databases.flatMap((one) => one.users);
  return [...new Map(users.map((user) => [`${user.kind}/${user.name}`, user])).values()];
}

/** Services on the usual ports that no setting names. */
function unnamed(rendered: readonly KubernetesObject[], known: readonly Database[]): readonly Database[] {
  return rendered
    .filter((object) => groupKindOf(object) === 'Service')
    .flatMap((service) => {
      const { name } = service.metadata;
      const ports = listAt(service, 'spec', 'ports').map((port) => numberAt(port, 'port'));
      return (['postgres', 'redis'] as const).flatMap((kind): readonly Database[] => {
        const port = usualPorts[kind];
        const isKnown = known.some((one) => one.kind === kind && one.port === port && one.name === name);
        if (!ports.includes(port) || isKnown) return [];
        const source = `Service ${name}`;
        const tls = { mode: 'prefer' } as const;
        return [{ kind, name, host: name, port, tls, source, credentials: false, users: [] }];
      });
    });
}

interface Setting {
  readonly text: string;
  readonly source: string;
}

function settingsOf(workload: KubernetesObject, values: SettingValues): readonly Setting[] {
  return containersOf(workload).flatMap((container) => [
    ...listAt(container, 'env').flatMap((entry) => settingOf(workload, entry, values)),
    ...listAt(container, 'envFrom')
      .flatMap((entry) => sourceOf(entry, 'Ref'))
      .flatMap(({ kind, name }) =>
        Object.entries(values.get(`${kind}/${name}`) ?? {}).map(([key, text]) => ({
          text,
          source: `${kind} ${name}, key ${key}`,
        })),
      ),
  ]);
}

function settingOf(workload: KubernetesObject, entry: unknown, values: SettingValues): readonly Setting[] {
  const literal = textAt(entry, 'value');
  const variable = textAt(entry, 'name') ?? '';
  if (literal !== undefined) {
    return [{ text: literal, source: `${workload.kind} ${workload.metadata.name}, variable ${variable}` }];
  }
  const from = fieldAt(entry, 'valueFrom');
  return sourceOf(from, 'KeyRef').flatMap(({ kind, name, key = '' }) => {
    const text = values.get(`${kind}/${name}`)?.[key];
    return text === undefined ? [] : [{ text, source: `${kind} ${name}, key ${key}` }];
  });
}

interface Source {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  readonly key?: string;
}

function sourceOf(from: unknown, suffix: 'KeyRef' | 'Ref'): readonly Source[] {
  return (['Secret', 'ConfigMap'] as const).flatMap((kind): readonly Source[] => {
    const reference = fieldAt(from, `${kind === 'Secret' ? 'secret' : 'configMap'}${suffix}`);
    const name = textAt(reference, 'name');
    const key = textAt(reference, 'key');
    return name === undefined ? [] : [{ kind, name, ...(key === undefined ? {} : { key }) }];
  });
}

function containersOf(workload: KubernetesObject): readonly unknown[] {
  return listAt(podTemplateOf(workload), 'spec', 'containers');
}

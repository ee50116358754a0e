/** What the containers of a database itself are told of its login: `POSTGRES_PASSWORD`, `--requirepass`, a redis.conf. */
import { selectorOf, selects } from '../../health/endpoints.ts';
import { fieldAt, textAt } from '../../kubernetes/fields.ts';
import { groupKindOf, type KubernetesObject } from '../../kubernetes/objects.ts';
import { podTemplateOf } from '../../kubernetes/workloads.ts';
import type { Role } from './vocabulary.ts';
import type { DatabaseKind } from './database-address.ts';
import { type NamedSetting, namedSettings } from './logins.ts';
import { type ContainerSettings, type SettingValues, settingsOf } from './settings.ts';

export interface ServerLogin {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
}

const images: Readonly<Record<DatabaseKind, RegExp>> = {
  postgres: /postgres|postgis|timescale|pgvector|spilo|supabase/i,
  redis: /redis|valkey|keydb|dragonfly/i,
};
const programs: Readonly<Record<DatabaseKind, RegExp>> = {
  postgres: /(^|[\s/])(postgres|docker-entrypoint\.sh)(\s|$)/,
  redis: /(^|[\s/])(redis|valkey|keydb)-server(\s|$)/,
};

/** The login of the server among these containers, as far as they say one. */
export function serverLogin(
  kind: DatabaseKind,
  workload: KubernetesObject,
  values: SettingValues,
): ServerLogin | undefined {
  const server = settingsOf(workload, values).find((one) => isServer(kind, one));
  return server === undefined ? undefined : kind === 'redis' ? redisLogin(server) : postgresLogin(server);
}

/** The workloads whose pods stand behind a Service, by its selector. */
export function workloadsBehind(
  service: string,
  objects: readonly KubernetesObject[],
): readonly KubernetesObject[] {
  const found = objects.find((one) => groupKindOf(one) === 'Service' && one.metadata.name === service);
  const selector = found && selectorOf(found);
  return objects.filter((one) => {
    const template = podTemplateOf(one);
    const labels = fieldAt(template, 'metadata', 'labels') as Readonly<Record<string, string>> | undefined;
    if (template === undefined) return false;
    return selector === undefined
      ? textAt(one, 'spec', 'serviceName') === service
      : selects(selector, labels);
  });
}

/** By its image or program; an exporter beside it is neither. */
function isServer(kind: DatabaseKind, { image, words }: ContainerSettings): boolean {
  const [name = ''] = (image.split('/').at(-1) ?? '').split(/[:@]/);
  if (/exporter|metrics|proxy|backup|sentinel|operator/i.test(name)) return false;
  return images[kind].test(name) || words.some((word) => programs[kind].test(word));
}

function redisLogin(container: ContainerSettings): ServerLogin | undefined {
  const { words, environment, files } = container;
  const known = new Map(environment.map(({ name, text }) => [name, text]));
  const told = [
    words.map(quoted).join(' '),
    known.get('REDIS_ARGS') ?? '',
    known.get('VALKEY_EXTRA_FLAGS') ?? '',
  ];
  const [flag] = told.flatMap((text) => optionIn(text, /--requirepass[=\s]+("[^"]*"|'[^']*'|\S+)/));
  const configured = [...files.values()].flatMap(({ text }) =>
    optionIn(text, /^\s*requirepass\s+("[^"]*"|\S+)/m),
  );
  const spoken = flag === undefined ? undefined : shellText(flag, known, files);
  const password =
    spoken ?? configured[0] ?? plainest(namedSettings(container), 'password') ?? known.get('REDISCLI_AUTH');
  return password === undefined || password === '' ? undefined : { password };
}

/** As the official image does it: the user is postgres, the database has the name of the user. */
function postgresLogin(container: ContainerSettings): ServerLogin | undefined {
  const named = namedSettings(container);
  const user = plainest(named, 'user') ?? 'postgres';
  const password = plainest(named, 'password');
  return {
    user,
    ...(password === undefined ? {} : { password }),
    database: plainest(named, 'database') ?? user,
  };
}

/** `POSTGRES_PASSWORD` rather than `POSTGRES_REPLICATION_PASSWORD`. */
function plainest(named: readonly NamedSetting[], role: Role): string | undefined {
  return named
    .filter((one) => one.role === role)
    .toSorted((one, other) => one.qualifiers.length - other.qualifiers.length)[0]?.text;
}

function quoted(word: string): string {
  return /\s/.test(word) || word === '' ? word || '""' : word;
}

function optionIn(text: string, pattern: RegExp): readonly string[] {
  const value = pattern.exec(text)?.[1];
  return value === undefined ? [] : [value.replace(/^(['"])(.*)\1$/s, '$2')];
}

/** What a shell makes of `$NAME`, `${NAME}` and `$(cat /file)`; undefined where that is not known. */
function shellText(
  text: string,
  known: ReadonlyMap<string, string>,
  files: ContainerSettings['files'],
): string | undefined {
  const file = /^["']?\$\(\s*(?:cat\s+|<\s*)([^)\s]*)/.exec(text)?.[1];
  if (file !== undefined) return files.get(file)?.text.trim();
  if (/^\$\(/.test(text)) return undefined;
  let isKnown = true;
  const filled = text.replace(/\$(?:\{(\w+)[^}]*\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    const value = known.get(braced ?? bare ?? '');
    if (value === undefined) isKnown = false;
    return value ?? '';
  });
  return isKnown ? filled.replace(/^(['"])(.*)\1$/s, '$2') : undefined;
}

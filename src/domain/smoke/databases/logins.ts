/** The databases that one container is given: by whole addresses, and by host, port, user and password in variables of their own. */
import type { Judgement } from '../judgement.ts';
import {
  type Family,
  qualifiersOfName,
  type Role,
  readName,
  saysReplica,
  type VariableName,
} from './vocabulary.ts';
import {
  type DatabaseAddress,
  type DatabaseKind,
  parseAddress,
  parseHost,
  type TlsMode,
  tlsModeOf,
  usualPorts,
} from './database-address.ts';
import type { ContainerSettings, Setting } from './settings.ts';

/**
 * `stated`: one setting, or settings of one name, say how the workload logs in. `inferred`: pieced together from others, so a refusal
 * is no proof. `none`: nothing says how.
 */
export type Login = 'stated' | 'inferred' | 'none';

/** How a database is reached and logged in to, as far as settings say. */
export interface KnownDatabase extends Omit<DatabaseAddress, 'kind' | 'port' | 'tls'> {
  readonly kind: DatabaseKind;
  readonly port: number;
  readonly tls: TlsMode;
  readonly login: Login;
  readonly source: string;
}

/** Whether a Service of this name has the usual port of that kind: evidence where names leave the kind open. */
export type ServesKind = (host: string, kind: DatabaseKind) => boolean;

/** A variable whose name says what it holds. */
export interface NamedSetting extends VariableName {
  readonly text: string;
  readonly source: string;
}

/** Variables that say something of databases; values that are empty or unfinished (`$(X)`) say nothing. */
export function namedSettings({ environment, files }: ContainerSettings): readonly NamedSetting[] {
  return environment.flatMap(({ name, text, source }): readonly NamedSetting[] => {
    const known = readName(name);
    const content: Setting | undefined =
      known?.file === true ? files.get(text.trim()) : { name, text, source };
    if (known === undefined || content === undefined) return [];
    const value = known.file ? content.text.trim() : content.text;
    return value === '' || /^\$[({]/.test(value) ? [] : [{ ...known, text: value, source: content.source }];
  });
}

/** Those of one container; each host and port of a kind once, the fullest address first. */
export function databasesIn(container: ContainerSettings, serves: ServesKind): readonly KnownDatabase[] {
  const named = namedSettings(container);
  const found = [...wholeAddresses(container), ...hostsIn(named, serves)].map((one) => completed(one, named));
  const distinct = Map.groupBy(found, ({ kind, host, port, database, user }) =>
    JSON.stringify([kind, host, port, kind === 'postgres' ? [database, user] : '']),
  );
  const rank = ({ login }: KnownDatabase): number => ['stated', 'inferred', 'none'].indexOf(login);
  return [...distinct.values()].flatMap((same) => {
    const [stated, ...others] = same.toSorted((one, other) => rank(one) - rank(other));
    if (stated === undefined) return [];
    // Two passwords for one database, both stated: each is tried.
    const differing = others.filter(
      ({ login, password }) => login === 'stated' && password !== stated.password,
    );
    return [stated, ...differing];
  });
}

interface Found {
  readonly address: DatabaseAddress & { readonly kind: DatabaseKind };
  readonly families: readonly Family[];
  readonly qualifiers: readonly string[];
  readonly source: string;
  /** One value says it all; what it leaves out is left to the driver. */
  readonly isWhole: boolean;
}

const compatible: Readonly<Record<DatabaseKind, readonly Family[]>> = {
  postgres: ['postgres', 'sql'],
  redis: ['redis', 'store'],
};

function wholeAddresses({ environment, files }: ContainerSettings): readonly Found[] {
  return environment.flatMap(({ name, text, source }): readonly Found[] => {
    const isFile = readName(name)?.file === true;
    const address = parseAddress(isFile ? (files.get(text.trim())?.text ?? '') : text);
    const kind = address?.kind;
    if (address === undefined || kind === undefined || /sentinel/i.test(name)) return [];
    const family = readName(name)?.family;
    const families = family === undefined ? compatible[kind] : [family];
    return [
      { address: { ...address, kind }, families, qualifiers: qualifiersOfName(name), source, isWhole: true },
    ];
  });
}

function hostsIn(named: readonly NamedSetting[], serves: ServesKind): readonly Found[] {
  return named.flatMap((one): readonly Found[] => {
    if (!['address', 'connection'].includes(one.role) || parseAddress(one.text) !== undefined) return [];
    const host = parseHost(one.text);
    if (host === undefined || (one.role === 'connection' && host.port === undefined)) return [];
    const siblings = named.filter((other) => sameGroup(other, one));
    const port = host.port ?? numberOf(siblings.find(({ role }) => role === 'port')?.text);
    const address = { ...host, ...(port === undefined ? {} : { port }) };
    const kind = kindOf(one.family, address, siblings, serves);
    if (kind === undefined) return [];
    const { qualifiers, family, source } = one;
    return [{ address: { ...address, kind }, families: [family], qualifiers, source, isWhole: false }];
  });
}

const otherDrivers = /mysql|maria|sqlite|sqlsrv|mssql|oracle|mongo|memcache/i;
const itsDrivers = { postgres: /postgres|pgsql|npgsql|psycopg|timescale|^pg$/i, redis: /redis|valkey/i };
const itsNames = {
  postgres: /(^|[-.\d])(pg|postgres(ql)?|pgsql|pgbouncer|timescale(db)?)($|[-.\d])/i,
  redis: /(^|[-.\d])(redis|valkey|keydb)($|[-.\d])/i,
};

/** The family where it says which, else the driver, the port, the name of the host, and the Service of that name. */
function kindOf(
  family: Family,
  { host, port }: DatabaseAddress,
  siblings: readonly NamedSetting[],
  serves: ServesKind,
): DatabaseKind | undefined {
  if (family === 'postgres' || family === 'redis') return family;
  const kind = family === 'sql' ? 'postgres' : 'redis';
  const driver = siblings.find(({ role }) => role === 'driver' || role === 'connection')?.text ?? '';
  if (otherDrivers.test(driver)) return undefined;
  if (itsDrivers[kind].test(driver)) return kind;
  if (port !== undefined) return port === usualPorts[kind] ? kind : undefined;
  return itsNames[kind].test(host) || serves(host, kind) ? kind : undefined;
}

function sameGroup(one: VariableName, other: VariableName): boolean {
  return one.family === other.family && sameWords(one.qualifiers, other.qualifiers);
}

function sameWords(one: readonly string[], other: readonly string[]): boolean {
  return one.join(' ') === other.join(' ');
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,5}$/.test(text.trim()) ? Number(text) : undefined;
}

function completed(found: Found, named: readonly NamedSetting[]): KnownDatabase {
  const { address, qualifiers, source, isWhole } = found;
  const { kind, host } = address;
  let isInferred = false;
  const piece = (own: string | undefined, role: Role): string | undefined => {
    if (own !== undefined) return own;
    const other = nearest(found, role, named);
    if (other?.sure === false) isInferred = true;
    return other?.text;
  };
  const port = address.port ?? numberOf(nearest(found, 'port', named)?.text) ?? usualPorts[kind];
  const user = piece(address.user, 'user');
  const password = piece(address.password, 'password');
  const database = piece(address.database, 'database');
  // Without a name of its own the driver takes one that we do not know.
  if (kind === 'postgres' && !isWhole && (user === undefined || database === undefined)) isInferred = true;
  const hasLogin = password !== undefined || (kind === 'postgres' && user !== undefined);
  const tls = address.tls ?? tlsModeOf(nearest(found, 'tls', named)?.text ?? '') ?? 'prefer';
  const isReplica = address.replica === true || saysReplica([...qualifiers, ...host.split(/[-.]/)]);
  return {
    kind,
    host,
    port,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined || (kind === 'redis' && !/^\d+$/.test(database)) ? {} : { database }),
    tls,
    ...(isReplica ? { replica: true } : {}),
    login: !hasLogin ? 'none' : isInferred ? 'inferred' : 'stated',
    source,
  };
}

/** Logins of administrators are not what the workload uses. */
const privileged =
  /^(root|admin|superuser|super|replication|repl|exporter|metrics|monitoring|backup|migrations?|test)$/;

/**
 * The setting of this role that belongs to an address: of the same name, else of the same kind and qualifiers, else of the kind as
 * a whole, else the only one there is. Only the first is sure.
 */
function nearest(
  { address: { kind }, families, qualifiers }: Found,
  role: Role,
  named: readonly NamedSetting[],
): { readonly text: string; readonly sure: boolean } | undefined {
  const candidates = named.filter((one) => one.role === role && compatible[kind].includes(one.family));
  const alike = candidates.filter((one) => sameWords(one.qualifiers, qualifiers));
  const same = alike.filter(({ family }) => families.includes(family));
  const general = candidates.filter(
    (one) => one.qualifiers.every((word) => qualifiers.includes(word)) && !alike.includes(one),
  );
  const ordinary = candidates.filter((one) => !one.qualifiers.some((word) => privileged.test(word)));
  const texts = (these: readonly NamedSetting[]) => [...new Set(these.map(({ text }) => text))];
  for (const group of [same, alike, general]) {
    const [text, ...others] = texts(group);
    if (text !== undefined) return { text, sure: group === same && others.length === 0 };
  }
  const [only, ...others] = texts(ordinary);
  return only === undefined || others.length > 0 ? undefined : { text: only, sure: false };
}

/** A server that is up and wants a login that is not known here, or not for sure. */
export function unknownLogin(subject: string, login: Login = 'none', words: string): Judgement {
  const says =
    login === 'inferred'
      ? 'is up, and refused a login that was pieced together from settings'
      : 'is up, and wants a login that no setting says';
  return {
    outcome: 'inconclusive',
    reason: 'login-unknown',
    message: `${subject} ${says} (${words}).`,
    remedy: 'Name a Secret with its whole URL in orion.yaml: smoke.databases.NAME: {secret: …, key: …}.',
  };
}

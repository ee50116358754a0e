/** The databases that one container is given: by whole addresses, and by host, port, user and password in variables of their own. */

import { type DatabaseKind, databaseKinds, isDatabaseKind } from '../report.ts';
import { parseHost, tlsModeOf } from './address-parts.ts';
import { parseAddress } from './database-address.ts';
import type { DatabaseAddress, Login, Role, TlsMode } from './protocol.ts';
import { protocols } from './protocols.ts';
import type { ContainerSettings, Setting } from './settings.ts';
import { type Family, qualifiersOfName, readName, saysReplica, type VariableName } from './vocabulary.ts';

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
interface NamedSetting extends VariableName {
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
    JSON.stringify([kind, host, port, protocols[kind].needs.length > 0 ? [database, user] : '']),
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

/** The families of names that may mean this kind. */
function familiesOf(kind: DatabaseKind): readonly Family[] {
  return [kind, protocols[kind].recognisedBy.family];
}

function wholeAddresses({ environment, files }: ContainerSettings): readonly Found[] {
  return environment.flatMap(({ name, text, source }): readonly Found[] => {
    const isFile = readName(name)?.file === true;
    const address = parseAddress(isFile ? (files.get(text.trim())?.text ?? '') : text);
    const kind = address?.kind;
    if (address === undefined || kind === undefined || /sentinel/i.test(name)) return [];
    const family = readName(name)?.family;
    const families = family === undefined ? familiesOf(kind) : [family];
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

/** Drivers that speak for something else, unless a protocol of the family knows them. */
const otherDrivers = /mysql|maria|sqlite|sqlsrv|mssql|oracle|mongo|memcache/i;

/** The family where it says which, else the driver, the port, the name of the host, and the Service of that name. */
function kindOf(
  family: Family,
  { host, port }: DatabaseAddress,
  siblings: readonly NamedSetting[],
  serves: ServesKind,
): DatabaseKind | undefined {
  if (isDatabaseKind(family)) return family;
  const kinds = databaseKinds.filter((kind) => protocols[kind].recognisedBy.family === family);
  const driver = siblings.find(({ role }) => role === 'driver' || role === 'connection')?.text ?? '';
  const driven = kinds.find((kind) => protocols[kind].recognisedBy.drivers.test(driver));
  if (driven !== undefined || otherDrivers.test(driver)) return driven;
  if (port !== undefined) return kinds.find((kind) => protocols[kind].port === port);
  return (
    kinds.find((kind) => protocols[kind].recognisedBy.hosts.test(host)) ??
    kinds.find((kind) => serves(host, kind))
  );
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
  const { needs, isDatabase, tlsWords, port: usualPort } = protocols[kind];
  let isInferred = false;
  const piece = (own: string | undefined, role: Role): string | undefined => {
    if (own !== undefined) return own;
    const other = nearest(found, role, named);
    if (other?.sure === false) isInferred = true;
    return other?.text;
  };
  const port = address.port ?? numberOf(nearest(found, 'port', named)?.text) ?? usualPort;
  const user = piece(address.user, 'user');
  const password = piece(address.password, 'password');
  const database = piece(address.database, 'database');
  // Without a name of its own the driver takes one that we do not know.
  if (!isWhole && needs.some((role) => ({ user, database })[role] === undefined)) isInferred = true;
  const hasLogin = password !== undefined || (needs.includes('user') && user !== undefined);
  const tls = address.tls ?? tlsModeOf(nearest(found, 'tls', named)?.text ?? '', tlsWords) ?? 'prefer';
  const isReplica = address.replica === true || saysReplica([...qualifiers, ...host.split(/[-.]/)]);
  return {
    kind,
    host,
    port,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined || !isDatabase(database) ? {} : { database }),
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
  const candidates = named.filter((one) => one.role === role && familiesOf(kind).includes(one.family));
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

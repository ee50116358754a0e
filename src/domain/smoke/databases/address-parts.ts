/** What written addresses have in common, whatever the protocol. */

import type { DatabaseAddress, TlsMode } from './protocol.ts';

/** `cache`, `cache:6379`, `[::1]:6379`; of a list the first. What else a variable called HOST may hold is none. */
export function parseHost(text: string): DatabaseAddress | undefined {
  const [first = ''] = text
    .trim()
    .replace(/^tcp:\/\//, '')
    .split(/[,;\s]/);
  const [, bracketed, plain, port] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?\/?$/.exec(first) ?? [];
  const host = bracketed ?? plain ?? (/^[0-9a-fA-F]*:[0-9a-fA-F:]+$/.test(first) ? first : undefined);
  if (host === undefined || /^(\d+|true|false|0\.0\.0\.0|::)$/.test(host)) return undefined;
  return { host, ...(port === undefined ? {} : { port: Number(port) }) };
}

const tlsModes: Readonly<Record<string, TlsMode>> = {
  disable: 'disable',
  false: 'disable',
  off: 'disable',
  no: 'disable',
  none: 'disable',
  '0': 'disable',
  allow: 'prefer',
  prefer: 'prefer',
  require: 'require',
  required: 'require',
  noverify: 'require',
  true: 'require',
  on: 'require',
  yes: 'require',
  '1': 'require',
  verifyca: 'verify-ca',
  verifyfull: 'verify-full',
};

/** The values of libpq, of .NET (`VerifyFull`), of switches and of one protocol; undefined for others. */
export function tlsModeOf(text: string, words: Readonly<Record<string, TlsMode>> = {}): TlsMode | undefined {
  const word = text.toLowerCase().replace(/[^a-z0-9]/g, '');
  return words[word] ?? tlsModes[word];
}

/** Keys of libpq, Npgsql and PDO without blanks; source: their manuals' lists of connection parameters. */
const keywords: Readonly<Record<string, keyof Keywords>> = {
  host: 'host',
  hostaddr: 'host',
  server: 'host',
  port: 'port',
  user: 'user',
  username: 'user',
  userid: 'user',
  uid: 'user',
  password: 'password',
  pwd: 'password',
  dbname: 'database',
  database: 'database',
  db: 'database',
  sslmode: 'tls',
};

interface Keywords {
  readonly host?: string;
  readonly port?: string;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly tls?: string;
}

/** Pairs of `key=value`, parted by semicolons (.NET, PDO) or blanks (libpq), and which keys were said; undefined for any other text. */
export function readKeywords(
  text: string,
): { readonly found: Keywords; readonly said: ReadonlySet<string> } | undefined {
  if (!/^\s*[\w ]+=/.test(text)) return undefined;
  const pairs = text.includes(';')
    ? text.split(';').map((part) => part.split(/=(.*)/s))
    : [...text.matchAll(/(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|\S*)/g)].map(([, key, value]) => [key, value]);
  const said = new Map(
    pairs.map(([key = '', value = '']) => [key.toLowerCase().replace(/[\s_]/g, ''), value]),
  );
  const found = Object.fromEntries(
    [...said].flatMap(([key, value]) => {
      const role = keywords[key];
      return role === undefined ? [] : [[role, value.trim().replace(/^(['"])(.*)\1$/s, '$2')] as const];
    }),
  );
  return { found, said: new Set(said.keys()) };
}

/** The address that keywords say, with empty values left out; `port` is absent where none is said. */
export function addressOfKeywords(
  { host: place = '', port: digits, user, password, database, tls: word = '' }: Keywords,
  words?: Readonly<Record<string, TlsMode>>,
): DatabaseAddress | undefined {
  const host = parseHost(place.replace(/^tcp:/, ''));
  if (host === undefined) return undefined;
  const port = Number(digits ?? host.port ?? 0);
  const tls = tlsModeOf(word, words);
  return {
    host: host.host,
    ...(port === 0 ? {} : { port }),
    ...(user ? { user } : {}),
    ...(password ? { password } : {}),
    ...(database ? { database } : {}),
    ...(tls === undefined ? {} : { tls }),
  };
}

/** With its percent signs resolved. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray % is part of the password, as drivers take it.
    return text;
  }
}

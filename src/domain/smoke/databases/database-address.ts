/** The forms in which an address of a database is written: URLs, JDBC, and what each protocol has beside them. */

import { databaseKinds } from '../report.ts';
import { decoded, tlsModeOf } from './address-parts.ts';
import type { DatabaseAddress, TlsMode } from './protocol.ts';
import { protocols } from './protocols.ts';

/** An address that says by itself of which kind it is; undefined for anything else, and for what is unfinished (`$(USER)`). */
export function parseAddress(text: string): DatabaseAddress | undefined {
  if (/\$[({]/.test(text)) return undefined;
  const trimmed = text.trim();
  return parseUrl(trimmed) ?? parseText(trimmed);
}

function parseText(text: string): DatabaseAddress | undefined {
  for (const kind of databaseKinds) {
    const address = protocols[kind].parseText(text);
    if (address !== undefined) return { kind, ...address };
  }
  return undefined;
}

function parseUrl(text: string): DatabaseAddress | undefined {
  const bare = text.replace(/^(jdbc:|r2dbc:(pool:)?|vertx-reactive:)/, '');
  const [, name = '', driver = ''] = /^([a-z][a-z0-9]*)(?:[+-]([a-z0-9]+))?:\/\//.exec(bare) ?? [];
  const kind = databaseKinds.find((one) => Object.hasOwn(protocols[one].schemes, name));
  // A sentinel is no Redis: it names one.
  if (kind === undefined || driver === 'sentinel' || !URL.canParse(bare)) return undefined;
  const { schemes, tlsOptions = [], tlsWords, isDatabase } = protocols[kind];
  const url = new URL(bare);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (host === '') return undefined;
  const { searchParams: options } = url;
  const user = decoded(url.username) || options.get('user') || options.get('username') || '';
  const password = decoded(url.password) || options.get('password') || '';
  const path = decoded(url.pathname.slice(1));
  const database = path === '' ? (options.get('dbname') ?? options.get('db') ?? '') : path;
  const tls = tlsOf(options, [...usualTlsOptions, ...tlsOptions], tlsWords) ?? schemes[name]?.tls;
  const forReading = /standby|secondary|read-only|slave/i.test(
    `${options.get('target_session_attrs') ?? ''} ${options.get('targetServerType') ?? ''}`,
  );
  return {
    kind,
    host,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(user === '' ? {} : { user }),
    ...(password === '' ? {} : { password }),
    ...(database === '' || !isDatabase(database) ? {} : { database }),
    ...(tls === undefined ? {} : { tls }),
    ...(forReading ? { replica: true } : {}),
  };
}

/** Options by which drivers take any certificate: redis-py, Lettuce, go-redis. */
const unchecked = /(^|&)(ssl_cert_reqs=(cert_)?none|verify_?peer=(none|false)|skip_verify=(true|1))(&|$)/i;

const usualTlsOptions = ['sslmode', 'sslMode', 'ssl'];

function tlsOf(
  options: URLSearchParams,
  names: readonly string[],
  words: Readonly<Record<string, TlsMode>> | undefined,
): TlsMode | undefined {
  if (unchecked.test(options.toString())) return 'require';
  const name = names.find((one) => options.has(one));
  return name === undefined ? undefined : tlsModeOf(options.get(name) ?? '', words);
}

/** Redis and what speaks its protocol: how it is recognised, and whether it is fit for service. */
import type { z } from 'zod';
import { judgeConnection, oneLine } from '../http/connection.ts';
import type { Judgement } from '../judgement.ts';
import { parseHost } from './address-parts.ts';
import { answers, anyRefusal, type DatabaseRefusal, refused, withFacts } from './judging.ts';
import type {
  DatabaseAddress,
  DatabaseFinding,
  DatabaseProtocol,
  DatabaseTarget,
  Login,
  RoleSetting,
  SchemaParts,
  ServerLogin,
} from './protocol.ts';
import { plainest } from './server-login.ts';
import type { ContainerSettings } from './settings.ts';
import { unknownLogin } from './unknown-login.ts';

/** Redis speaks either TLS or plain on a port: `prefer` is plain first. */
export interface RedisTarget extends DatabaseTarget {
  /** Number of the database; 0 if absent. */
  readonly database?: number;
}

/** The server's data; fields are present as far as the probe got. */
export interface RedisFinding extends DatabaseFinding {
  /** The first step that the server refused, and its words: `NOAUTH Authentication required.` */
  readonly serverError?: { readonly step: 'AUTH' | 'SELECT' | 'PING'; readonly message: string };
  /** `accepted`, or the server's words to a write that changes nothing. */
  readonly write?: 'accepted' | { readonly error: string };
  readonly version?: string;
  readonly role?: string;
  /** Bytes; `max` 0 is no limit. Absent where INFO is not permitted. */
  readonly memory?: { readonly used: number; readonly max: number; readonly policy: string };
  readonly clients?: { readonly connected: number; readonly max?: number };
}

interface RedisExpectations {
  /** `host:port` for the sentence. */
  readonly address: string;
  /** True for a target that is meant to be a replica. */
  readonly replica?: boolean;
  /** `stated` if absent: then a refused login is the workload's too. */
  readonly login?: Login;
}

export const redis: DatabaseProtocol<RedisTarget, RedisFinding> = {
  title: 'Redis',
  port: 6379,
  schemes: {
    redis: { tls: 'disable' },
    valkey: { tls: 'disable' },
    rediss: { tls: 'verify-full' },
    valkeys: { tls: 'verify-full' },
  },
  documentedSchemes: ['redis', 'rediss'],
  recognisedBy: {
    words: 'redis valkey keydb dragonfly elasticache memorystore',
    family: 'store',
    passwords: ['auth'],
    drivers: /redis|valkey/i,
    hosts: /(^|[-.\d])(redis|valkey|keydb)($|[-.\d])/i,
  },
  needs: [],
  accountsByHost: false,
  parseText,
  isDatabase: (name) => /^\d+$/.test(name),
  server: {
    images: /redis|valkey|keydb|dragonfly/i,
    programs: /(^|[\s/])(redis|valkey|keydb)-server(\s|$)/,
    login: serverLogin,
  },
  target: ({ database, ...access }) => ({ ...access, database: Number(database ?? 0) }),
  schema,
  judge: judgeRedis,
};

/** `cache:6379,password=…,ssl=True` of StackExchange.Redis. */
function parseText(text: string): DatabaseAddress | undefined {
  const [first = '', ...rest] = text.split(',');
  const options = new Map(
    rest
      .filter((part) => part.includes('='))
      .map((part) => {
        const [key = '', value = ''] = part.split(/=(.*)/s);
        return [key.trim().toLowerCase(), value.trim()] as const;
      }),
  );
  const isRedis = ['password', 'abortconnect', 'ssl', 'defaultdatabase'].some((key) => options.has(key));
  const address = first.includes('=') ? undefined : parseHost(first);
  if (!isRedis || address === undefined) return undefined;
  const [user, password, database] = ['user', 'password', 'defaultdatabase'].map((key) => options.get(key));
  const isTls = /^true$/i.test(options.get('ssl') ?? '');
  return {
    ...address,
    ...(user ? { user } : {}),
    ...(password ? { password } : {}),
    ...(database ? { database } : {}),
    tls: isTls ? 'verify-full' : 'disable',
  };
}

/** `--requirepass`, `requirepass` of a redis.conf, or a variable of its image. */
function serverLogin(
  { words, environment, files }: ContainerSettings,
  named: readonly RoleSetting[],
): ServerLogin | undefined {
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
  const password = spoken ?? configured[0] ?? plainest(named, 'password') ?? known.get('REDISCLI_AUTH');
  return password === undefined || password === '' ? undefined : { password };
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

function schema({ z, text, count, milliseconds, serverSaid, fault }: SchemaParts): z.ZodType<RedisFinding> {
  return z.object({
    milliseconds,
    connectionFault: fault.exactOptional(),
    serverError: z.object({ step: z.enum(['AUTH', 'SELECT', 'PING']), message: serverSaid }).exactOptional(),
    write: z.union([z.literal('accepted'), z.object({ error: serverSaid })]).exactOptional(),
    version: text(500).exactOptional(),
    role: text(100).exactOptional(),
    memory: z.object({ used: z.number(), max: z.number(), policy: text(100) }).exactOptional(),
    clients: z.object({ connected: count, max: count.exactOptional() }).exactOptional(),
  });
}

/**
 * By the first word of an error reply (redis/src/server.c, `shared.*err`). Words that are not here are not errors of the server's
 * state: `MOVED` and `ASK` say that another node of a cluster has the key, `NOPERM` that the user may not do this.
 */
const refusals: Readonly<Record<string, DatabaseRefusal>> = {
  NOAUTH: {
    reason: 'login-refused',
    says: 'requires a password and got none',
    remedy: 'Put the password into the URL, or into the variable that the service reads.',
  },
  WRONGPASS: {
    reason: 'login-refused',
    says: 'refused the password',
    remedy: 'Set the password that Redis was started with in the Secret.',
  },
  DENIED: {
    reason: 'login-refused',
    says: 'is in protected mode and accepts no connections from other machines',
    remedy: 'Set a password (requirepass), or disable protected-mode.',
  },
  LOADING: {
    reason: 'database-loading',
    says: 'is still loading its data',
    remedy: 'Wait until it has finished; use PING as its readiness probe, which fails meanwhile.',
  },
  OOM: {
    reason: 'memory-full',
    says: 'is full and refuses writes',
    remedy: 'Raise maxmemory, allow it to evict keys (maxmemory-policy), or delete some.',
  },
  READONLY: {
    reason: 'database-read-only',
    says: 'is a replica and refuses writes',
    remedy: 'Point the Service or URL at the primary, or promote the replica.',
  },
  MISCONF: {
    reason: 'database-error',
    says: 'refuses writes because it cannot save its data',
    remedy: 'Check its disk and log; BGSAVE must succeed before it accepts writes again.',
  },
  NOREPLICAS: {
    reason: 'database-error',
    says: 'refuses writes because it has too few replicas (min-replicas-to-write)',
    remedy: 'Find out why its replicas are not connected.',
  },
  MASTERDOWN: {
    reason: 'database-error',
    says: 'is a replica that has lost its primary',
    remedy: 'Check whether the primary is up and reachable from the replica.',
  },
  CLUSTERDOWN: {
    reason: 'database-error',
    says: 'belongs to a cluster that is down',
    remedy: 'Check `redis-cli cluster info`: some slots have no node.',
  },
};

const exhausted: DatabaseRefusal = {
  reason: 'connections-exhausted',
  says: 'has no connection left',
  remedy: 'Find out who holds the connections (CLIENT LIST), lower the pools, or raise maxclients.',
};

function refusalOf(message: string): DatabaseRefusal | undefined {
  if (/max number of clients/i.test(message)) return exhausted;
  // Before Redis 6: `ERR invalid password`, and `ERR Client sent AUTH, but no password is set`.
  if (/invalid password|no password is set|without any password/i.test(message)) return refusals['WRONGPASS'];
  return refusals[/^-?([A-Z]+)/.exec(message)?.[1] ?? ''];
}

/** Fit for service: it lets the login in, takes writes (unless a replica is expected) and has memory left for them. */
export function judgeRedis(finding: RedisFinding, expected: RedisExpectations): Judgement {
  return withFacts(judge(finding, expected), factsOf(finding));
}

function judge(finding: RedisFinding, expected: RedisExpectations): Judgement {
  const subject = `Redis at ${expected.address}`;
  const failed = (refusal: DatabaseRefusal, words: string): Judgement =>
    refused(subject, refusal, oneLine(words));
  const { connectionFault, serverError, write, role } = finding;
  // A server without free connections reports that and closes: its message takes precedence.
  if (serverError !== undefined) {
    const { step, message } = serverError;
    const refusal = refusalOf(message) ?? { ...anyRefusal, says: `refused ${step}` };
    // Requiring a password that we do not have shows that it is up.
    const isOfLogin = step !== 'PING' || /^-?NOAUTH/.test(message);
    const { login = 'stated' } = expected;
    if (isOfLogin && login !== 'stated') return unknownLogin(subject, login, oneLine(message));
    return failed(refusal, message);
  }
  if (connectionFault !== undefined) return judgeConnection(subject, connectionFault);
  const refusedWrite = typeof write === 'object' ? refusalOf(write.error) : undefined;
  const isExpected = expected.replica === true && refusedWrite?.reason === 'database-read-only';
  if (refusedWrite !== undefined && typeof write === 'object' && !isExpected) {
    return failed(refusedWrite, write.error);
  }
  if (role === 'slave' && expected.replica !== true) {
    return failed(refusals['READONLY'] ?? exhausted, 'INFO says role:slave');
  }
  return judgeRoom(finding, subject);
}

/** Redis evicts or refuses soon: a tenth is left. */
const scarceShare = 0.1;

/** A write was refused, or not tried for lack of permission; what is full by INFO alone is judged by its policy. */
function judgeRoom({ memory, clients, version, write }: RedisFinding, subject: string): Judgement {
  const isFull = memory !== undefined && memory.max > 0 && memory.used >= memory.max;
  if (isFull && memory.policy === 'noeviction' && write !== 'accepted') {
    const says = `uses ${memory.used} of ${memory.max} bytes and evicts nothing: it refuses writes`;
    return refused(subject, { reason: 'memory-full', says, remedy: refusals['OOM']?.remedy ?? '' });
  }
  return answers(subject, version, [
    memory !== undefined &&
    memory.max > 0 &&
    memory.policy === 'noeviction' &&
    memory.used > memory.max * (1 - scarceShare)
      ? `${memory.used} of ${memory.max} bytes are used and nothing is evicted`
      : undefined,
    clients?.max !== undefined && clients.connected > clients.max * (1 - scarceShare)
      ? `${clients.connected} of ${clients.max} clients are connected`
      : undefined,
  ]);
}

function factsOf({ version, role, memory, clients }: RedisFinding): Record<string, string> {
  const limit = (memory?.max ?? 0) > 0 ? `of ${memory?.max} bytes` : 'bytes, no limit';
  return {
    ...(version === undefined ? {} : { version: oneLine(version, 80) }),
    ...(role === undefined
      ? {}
      : { role: role === 'slave' ? 'replica' : role === 'master' ? 'primary' : oneLine(role, 20) }),
    ...(memory === undefined ? {} : { memory: `${memory.used} ${limit}, ${memory.policy}` }),
    ...(clients === undefined
      ? {}
      : { clients: `${clients.connected}${clients.max === undefined ? '' : ` of ${clients.max}`}` }),
  };
}

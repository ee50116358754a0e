/** Connects to Redis as a service would and reads its state. The only write changes nothing. */
import { randomUUID } from 'node:crypto';
import type { RedisFinding, RedisTarget } from '../domain/smoke/databases/redis.ts';
import type { ProbeLimits } from '../domain/smoke/http/connection.ts';
import { deadlineFault, faultOfError } from './connection-errors.ts';
import { withinDeadline } from './deadline.ts';

type Send = (...words: readonly string[]) => Promise<unknown>;
type Found = Omit<RedisFinding, 'milliseconds'>;

/**
 * Every response or failure is a finding. With `prefer`, a TLS-only server is tried again with TLS.
 * @throws the reason of `signal` if the run was stopped
 */
export async function probeRedis(target: RedisTarget, limits: ProbeLimits): Promise<RedisFinding> {
  const found = await ask(target, limits);
  const { kind = 'other' } = found.connectionFault ?? {};
  // A proxy in front of it may close the connection without the alert.
  const mayWantTls = target.tls.mode === 'prefer' && ['tls-required', 'reset'].includes(kind);
  if (!mayWantTls) return found;
  const deadline = Math.max(1, limits.deadline - found.milliseconds);
  const other = await ask({ ...target, tls: { ...target.tls, mode: 'require' } }, { ...limits, deadline });
  return kind === 'reset' && other.connectionFault !== undefined ? found : other;
}

async function ask(target: RedisTarget, limits: ProbeLimits): Promise<RedisFinding> {
  const { openRedis, RedisRefusal } = await import(/* webpackMode: "eager" */ './redis-connection.ts');
  const start = performance.now();
  limits.signal.throwIfAborted();
  const { send, destroy } = openRedis(target);
  const found = await withinDeadline(limits, destroy, async (isOver): Promise<Found> => {
    try {
      return await converse(target, send, (error) => error instanceof RedisRefusal);
    } catch (error) {
      return { connectionFault: isOver() ? deadlineFault(limits.deadline) : faultOfError(error) };
    } finally {
      destroy();
    }
  });
  return { milliseconds: performance.now() - start, ...found };
}

async function converse(
  { user, password, database = 0 }: RedisTarget,
  send: Send,
  isReply: (error: unknown) => boolean,
): Promise<Found> {
  const wordsOf = async (answer: Promise<unknown>): Promise<string | undefined> => {
    try {
      await answer;
      return undefined;
    } catch (error) {
      if (isReply(error) && error instanceof Error) return error.message;
      throw error;
    }
  };
  const credentials = user === undefined ? [password ?? ''] : [user, password ?? ''];
  const steps = [
    ...(password === undefined ? [] : [['AUTH', ...credentials] as const]),
    ...(database === 0 ? [] : [['SELECT', `${database}`] as const]),
    ['PING'] as const,
  ];
  for (const words of steps) {
    const message = await wordsOf(send(...words));
    if (message !== undefined) return { serverError: { step: words[0], message } };
  }
  // Refused like any write by a server that is full, read-only or cannot save; but it neither creates nor changes a key.
  const refused = await wordsOf(send('SETRANGE', `orion-smoke:${randomUUID()}`, '0', ''));
  const state = await send('INFO').catch((error: unknown) => {
    if (isReply(error)) return '';
    throw error;
  });
  return { write: refused === undefined ? 'accepted' : { error: refused }, ...readInfo(String(state)) };
}

function readInfo(text: string): Found {
  const fields = new Map(
    text.split(/\r?\n/).flatMap((line): [string, string][] => {
      const colon = line.indexOf(':');
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)]];
    }),
  );
  const number = (name: string): number | undefined => {
    const value = Number(fields.get(name) ?? Number.NaN);
    return Number.isFinite(value) ? value : undefined;
  };
  const [version, role, policy] = ['redis_version', 'role', 'maxmemory_policy'].map((name) =>
    fields.get(name),
  );
  const [used, max, connected, maxClients] = [
    'used_memory',
    'maxmemory',
    'connected_clients',
    'maxclients',
  ].map(number);
  // Buffers of replicas and of the append-only file do not count against the limit (redis/src/evict.c).
  const uncounted = number('mem_not_counted_for_evict') ?? 0;
  return {
    ...(version === undefined ? {} : { version }),
    ...(role === undefined ? {} : { role }),
    ...(used === undefined || max === undefined || policy === undefined
      ? {}
      : { memory: { used: used - uncounted, max, policy } }),
    ...(connected === undefined
      ? {}
      : { clients: { connected, ...(maxClients === undefined ? {} : { max: maxClients }) } }),
  };
}

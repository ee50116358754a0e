/** One try of a database: through its pod where it has one of ours, else at its address. */

import { isLoopback } from '../../domain/smoke/databases/databases.ts';
import { judgePostgres, type PostgresFinding } from '../../domain/smoke/databases/postgres.ts';
import { judgeRedis, type RedisFinding } from '../../domain/smoke/databases/redis.ts';
import { type ConnectionFault, judgeConnection } from '../../domain/smoke/http/connection.ts';
import type { Judgement } from '../../domain/smoke/judgement.ts';
import { isUnreached } from '../../domain/smoke/tests/pod-routes.ts';
import type { PostgresTarget, RedisTarget } from '../../domain/smoke/tests/probe.ts';
import type { DatabaseTest } from '../../domain/smoke/tests/test.ts';
import type { Run } from '../run/context.ts';
import { blockedTry, type TestGround, type Try } from './context.ts';
import { foundWithin } from './in-cluster-calls.ts';
import { fromOutside } from './outside-address.ts';
import { along } from './pod-connection.ts';

interface Found {
  readonly milliseconds: number;
  readonly connectionFault?: ConnectionFault;
  readonly judgement: Judgement;
}

/** The protocol of one database. */
interface Asking {
  here(host: string, port: number): Promise<Found>;
  within(host: string, port: number): Promise<Found | undefined>;
}

export async function tryDatabase(run: Run, test: DatabaseTest, ground: TestGround): Promise<Try> {
  const { reach, title, from } = test;
  const asking = test.what === 'redis' ? redis(run, test, ground) : postgres(run, test, ground);
  const faultIn = ({ connectionFault }: Found) => connectionFault;
  if (reach.type === 'direct') {
    const { host, port } = reach;
    const found = await fromOutside(title, from, ground, {
      within: () => asking.within(host, port),
      here: () => asking.here(host, port),
      faultIn,
    });
    return 'unreached' in found ? { judgement: found.unreached, evidence: {} } : tried(found);
  }
  const reached = await along<Found>(run, reach, ground, {
    dialled: asking.here,
    proxied: 'database',
    refusalCounts: true,
    faultIn,
    failed: (fault) => ({
      milliseconds: 0,
      connectionFault: fault,
      judgement: judgeConnection(title, fault),
    }),
  });
  if ('blocked' in reached) return blockedTry(title, reached);
  return tried((await atOwnAddress(asking, reached, test, ground)) ?? reached);
}

/** Port-forwards end at the loopback address of the pod; a server that listens on its other address only is asked there from inside. */
async function atOwnAddress(
  asking: Asking,
  { answer }: { readonly answer: Found },
  { reach, serverName }: DatabaseTest,
  { addressOf }: TestGround,
): Promise<{ readonly answer: Found; readonly route: 'cluster-job' } | undefined> {
  if (reach.type !== 'pod' || answer.connectionFault?.kind !== 'refused' || isLoopback(serverName))
    return undefined;
  const address = addressOf?.(reach.pod);
  const found = address === undefined ? undefined : await asking.within(address, reach.port);
  const isReached =
    found !== undefined && (found.connectionFault === undefined || !isUnreached(found.connectionFault));
  return isReached ? { answer: found, route: 'cluster-job' } : undefined;
}

function tried({ answer, route }: { readonly answer: Found } & Pick<Try['evidence'], 'route'>): Try {
  const { judgement, milliseconds } = answer;
  return { judgement, evidence: { milliseconds, ...(route === undefined ? {} : { route }) } };
}

function redis(run: Run, test: DatabaseTest, ground: TestGround): Asking {
  const target = (host: string, port: number): RedisTarget => ({
    ...loginOf(test),
    host,
    port,
    database: Number(test.database ?? 0),
  });
  const judged = (finding: RedisFinding): Found => ({
    ...finding,
    judgement: judgeRedis(finding, expectedOf(test)),
  });
  const { deadline } = ground;
  return {
    here: async (host, port) =>
      judged(await run.probes.redis(target(host, port), { deadline, signal: run.signal })),
    within: async (host, port) => {
      const request = { what: 'redis', target: target(host, port), deadline } as const;
      const finding = await foundWithin<'redis'>(ground, request);
      return finding === undefined ? undefined : judged(finding);
    },
  };
}

function postgres(run: Run, test: DatabaseTest, ground: TestGround): Asking {
  // As libpq does: the user is called as the system's, the database as the user.
  const { user = 'postgres', database = user } = test;
  const target = (host: string, port: number): PostgresTarget => ({
    ...loginOf(test),
    host,
    port,
    user,
    database,
  });
  const judged = (finding: PostgresFinding): Found => ({
    ...finding,
    judgement: judgePostgres(finding, {
      ...expectedOf(test),
      now: run.clock.now(),
      hasPassword: test.password !== undefined,
    }),
  });
  const { deadline } = ground;
  return {
    here: async (host, port) =>
      judged(await run.probes.postgres(target(host, port), { deadline, signal: run.signal })),
    within: async (host, port) => {
      const request = { what: 'postgres', target: target(host, port), deadline } as const;
      const finding = await foundWithin<'postgres'>(ground, request);
      return finding === undefined ? undefined : judged(finding);
    },
  };
}

function loginOf({ serverName, tls, user, password }: DatabaseTest) {
  return {
    serverName,
    tls,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  };
}

/** The address is `PostgreSQL at postgres:5432/orion` without its first words. */
function expectedOf({ title, login, replica }: DatabaseTest) {
  return { address: title.replace(/^\S+ at /, ''), login, replica: replica === true };
}

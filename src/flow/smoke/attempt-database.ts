/** One attempt of a database test: through its pod if the release has one, else at its address. */

import { isLoopback } from '../../domain/smoke/databases/databases.ts';
import { type DatabaseFindings, protocols } from '../../domain/smoke/databases/protocols.ts';
import { type ConnectionFault, judgeConnection } from '../../domain/smoke/http/connection.ts';
import type { Judgement } from '../../domain/smoke/judgement.ts';
import type { DatabaseKind } from '../../domain/smoke/report.ts';
import { isUnreached } from '../../domain/smoke/tests/pod-routes.ts';
import type { DatabaseRequest } from '../../domain/smoke/tests/probe.ts';
import type { DatabaseTest } from '../../domain/smoke/tests/test.ts';
import type { Run } from '../run/context.ts';
import { blockedTry, type TestGround, type Try } from './context.ts';
import { databaseFoundWithin } from './in-cluster-calls.ts';
import { fromOutside } from './outside-address.ts';
import { along } from './pod-connection.ts';

interface Found {
  readonly milliseconds: number;
  readonly connectionFault?: ConnectionFault;
  readonly judgement: Judgement;
}

/** Probes one database by its protocol, and judges the finding. */
interface Asking {
  here(host: string, port: number): Promise<Found>;
  within(host: string, port: number): Promise<Found | undefined>;
}

/** Inconclusive where nothing reaches the database from here; that is no failure. */
export async function tryDatabase(run: Run, test: DatabaseTest, ground: TestGround): Promise<Try> {
  const { reach, title, from } = test;
  const asking = askingBy(run, test, test.what, ground);
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
  return tried((await atOwnAddress(asking, reached, test, ground)) ?? asFarAsKnown(test, reached));
}

/**
 * Port-forwards end at the loopback address of the pod. A server that listens only on its pod IP, or may allow this
 * account only from elsewhere, is probed there from inside the cluster.
 */
async function atOwnAddress(
  asking: Asking,
  { answer }: { readonly answer: Found },
  test: DatabaseTest,
  { addressOf }: TestGround,
): Promise<{ readonly answer: Found; readonly route: 'cluster-job' } | undefined> {
  const { reach, serverName } = test;
  const isOpen = answer.connectionFault?.kind === 'refused' || refusedByPlace(test, answer);
  if (reach.type !== 'pod' || !isOpen || isLoopback(serverName)) return undefined;
  const address = addressOf?.(reach.pod);
  const found = address === undefined ? undefined : await asking.within(address, reach.port);
  const isReached =
    found !== undefined && (found.connectionFault === undefined || !isUnreached(found.connectionFault));
  return isReached ? { answer: found, route: 'cluster-job' } : undefined;
}

function refusedByPlace({ what }: DatabaseTest, { judgement }: Found): boolean {
  return protocols[what].accountsByHost && judgement.reason === 'login-refused';
}

/** No probe ran inside the cluster: the refusal proves nothing about the workloads. */
function asFarAsKnown<Reached extends { readonly answer: Found }>(
  test: DatabaseTest,
  reached: Reached,
): Reached {
  const { answer } = reached;
  if (!refusedByPlace(test, answer) || isLoopback(test.serverName)) return reached;
  const judgement: Judgement = { ...answer.judgement, outcome: 'inconclusive' };
  return { ...reached, answer: { ...answer, judgement } };
}

function tried({ answer, route }: { readonly answer: Found } & Pick<Try['evidence'], 'route'>): Try {
  const { judgement, milliseconds } = answer;
  return { judgement, evidence: { milliseconds, ...(route === undefined ? {} : { route }) } };
}

function askingBy<Kind extends DatabaseKind>(
  run: Run,
  test: DatabaseTest,
  kind: Kind,
  ground: TestGround,
): Asking {
  const protocol = protocols[kind];
  const { deadline } = ground;
  const targetAt = (host: string, port: number) => protocol.target({ ...accessOf(test), host, port });
  const judged = (finding: DatabaseFindings[Kind]): Found => ({
    ...finding,
    judgement: protocol.judge(finding, { ...expectedOf(test), now: run.clock.now() }),
  });
  return {
    here: async (host, port) =>
      judged(await run.probes.databases[kind](targetAt(host, port), { deadline, signal: run.signal })),
    within: async (host, port) => {
      const request: DatabaseRequest<Kind> = { what: kind, target: targetAt(host, port), deadline };
      const finding = await databaseFoundWithin(ground, request);
      return finding === undefined ? undefined : judged(finding);
    },
  };
}

function accessOf({ serverName, tls, user, password, database }: DatabaseTest) {
  return {
    serverName,
    tls,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
  };
}

/** The address is `PostgreSQL at postgres:5432/orion` without its first words. */
function expectedOf({ title, login, replica, password }: DatabaseTest) {
  return {
    address: title.replace(/^\S+ at /, ''),
    login,
    replica: replica === true,
    hasPassword: password !== undefined,
  };
}

/**
 * Calls through the probe in the cluster: requests of the same tick are batched, since a pod costs a second and a
 * request nothing.
 */
import { Fault } from '../../domain/failure/fault.ts';
import type { DatabaseFindings } from '../../domain/smoke/databases/protocols.ts';
import type { DatabaseKind } from '../../domain/smoke/report.ts';
import { probeUnavailable } from '../../domain/smoke/tests/pod-routes.ts';
import type {
  DatabaseRequest,
  Findings,
  ProbeFinding,
  ProbeRequest,
} from '../../domain/smoke/tests/probe.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { notice, type Run } from '../run/context.ts';
import type { AskWithin, TestGround } from './context.ts';

interface Waiting {
  readonly request: ProbeRequest;
  readonly resolve: (found: ProbeFinding | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Milliseconds that the pod may take to start, including the image pull. Then its tests are inconclusive. */
const startLimit = 20_000;

/** The function returns undefined once the probe could not run in the cluster: it is not tried again in this run. */
export function callsFromWithin(run: Run, cluster: ClusterPort, namespace: string): AskWithin {
  let waiting: Waiting[] = [];
  let isAvailable = cluster.probeFromWithin !== undefined;
  let last: Promise<void> = Promise.resolve();

  const make = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    try {
      const found = isAvailable ? await ask(batch.map(({ request }) => request)) : undefined;
      for (const [place, { resolve }] of batch.entries()) resolve(found?.[place]);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };

  const ask = async (requests: readonly ProbeRequest[]): Promise<readonly ProbeFinding[] | undefined> => {
    const why = await outcomeOf(run, cluster, namespace, requests);
    if (typeof why !== 'string') return why;
    isAvailable = false;
    // Once per run: databases before the release, smoke tests after it and after an undo each ask.
    const isSaid = run.ledger.notices.some(({ reason }) => reason === 'probe-unavailable');
    if (!isSaid) notice(run, probeUnavailable(why));
    return undefined;
  };

  return (request) =>
    new Promise((resolve, reject) => {
      waiting.push({ request, resolve, reject });
      // Requests of the same tick are sent together; one pod at a time.
      if (waiting.length === 1) {
        const turn = new Promise<void>((over) => setImmediate(over));
        last = Promise.all([last, turn]).then(make);
      }
    });
}

/** The findings, or why there are none. */
async function outcomeOf(
  run: Run,
  cluster: ClusterPort,
  namespace: string,
  requests: readonly ProbeRequest[],
): Promise<readonly ProbeFinding[] | string> {
  const { signal, settings } = run;
  try {
    const options = { namespace, image: settings.smokeImage, startLimit, signal };
    const outcome = await cluster.probeFromWithin?.(requests, options);
    if (outcome?.type === 'answered') return outcome.findings;
    return outcome?.message ?? 'there is no such route';
  } catch (error) {
    signal.throwIfAborted();
    const refusal = cluster.refusalOf(error);
    if (refusal === undefined && !(error instanceof Fault)) throw error;
    return refusal?.message ?? (error as Fault).message;
  }
}

/** The finding for this very request, from within; undefined where no probe runs there. */
export async function foundWithin<What extends keyof Findings>(
  { inside }: Pick<TestGround, 'inside'>,
  request: Extract<ProbeRequest, { what: What }>,
): Promise<Findings[What] | undefined> {
  const found = await inside?.fromWithin?.(request);
  // One of its kind: the edge that reads the probe's log has checked it.
  return found?.finding as Findings[What] | undefined;
}

/** The same for a database, by its protocol. */
export async function databaseFoundWithin<Kind extends DatabaseKind>(
  { inside }: Pick<TestGround, 'inside'>,
  request: DatabaseRequest<Kind>,
): Promise<DatabaseFindings[Kind] | undefined> {
  const found = await inside?.fromWithin?.(request as DatabaseRequest);
  return found?.finding as DatabaseFindings[Kind] | undefined;
}

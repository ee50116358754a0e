/** Adds to a failure what needs I/O: the log of the container at fault, and the line to edit. */
import type { Failure, LogTail } from '../../domain/failure/failure.ts';
import type { ObjectReference } from '../../domain/kubernetes/objects.ts';
import type { FieldPath, SourceLocation } from '../../domain/kubernetes/source-location.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { causeLines, logTailLines } from '../../report/log/outcome.ts';
import type { Run } from './context.ts';

const tailLines = 25;

type Locate = (reference: ObjectReference, path?: FieldPath) => SourceLocation | undefined;

/** Completes failures with what needs I/O: the log tails, and the line to edit. */
export async function diagnose(
  run: Run,
  cluster: ClusterPort,
  failures: readonly Failure[],
  locate: Locate,
): Promise<readonly Failure[]> {
  return withLogs(run, cluster, withPlaces(failures, locate));
}

/** The same, each part reported as soon as it is known: fetching a log does not delay the cause. */
export async function diagnoseAloud(
  run: Run,
  cluster: ClusterPort,
  failures: readonly Failure[],
  locate: Locate,
): Promise<readonly Failure[]> {
  const say = (lines: readonly string[]): void => {
    for (const line of lines) run.log.line(line);
  };
  const placed = withPlaces(failures, locate);
  say(placed.flatMap((failure) => causeLines(failure, run.logClock())));
  const complete = await withLogs(run, cluster, placed);
  say(complete.flatMap((failure) => logTailLines(failure, run.logClock())));
  return complete;
}

function withPlaces(failures: readonly Failure[], locate: Locate): readonly Failure[] {
  return failures.map((failure) => {
    const [first] = failure.objects;
    const location = failure.location ?? (first === undefined ? undefined : locate(first, failure.field));
    return { ...failure, ...(location === undefined ? {} : { location }) };
  });
}

async function withLogs(
  run: Run,
  cluster: ClusterPort,
  failures: readonly Failure[],
): Promise<readonly Failure[]> {
  return Promise.all(
    failures.map(async (failure) => ({ ...failure, logs: await logTails(run, cluster, failure) })),
  );
}

/**
 * How often a log is requested: during a restart the kubelet may have neither the old nor the new one. A program
 * without output looks the same and the rollback waits for this, so only a few times.
 */
const logAttempts = 2;
const logPause = 300;

async function logTails(run: Run, cluster: ClusterPort, failure: Failure): Promise<readonly LogTail[]> {
  const at = failure.container;
  if (at === undefined) return failure.logs;
  for (let attempt = 1; ; attempt += 1) {
    const tails = await readTails(cluster, at);
    run.signal.throwIfAborted();
    if (tails.length > 0 || !at.terminated || attempt === logAttempts) return tails;
    await run.clock.wait(logPause, run.signal);
  }
}

async function readTails(
  cluster: ClusterPort,
  at: NonNullable<Failure['container']>,
): Promise<readonly LogTail[]> {
  const tails = await Promise.all(
    [false, true].map(async (previous): Promise<LogTail> => {
      // A container that never started has no log, and the API server answers 400.
      const lines = await cluster
        .podLog(at.namespace, at.pod, at.container, { previous, tailLines })
        .catch(() => []);
      return { pod: at.pod, container: at.container, previous, lines };
    }),
  );
  // The previous log is shown only if the current one is empty or differs: the same lines twice do not help.
  return tails
    .filter(({ lines }) => lines.length > 0)
    .filter((tail, index, all) => index === 0 || tail.lines.join() !== all[0]?.lines.join());
}

/** Runs smoke tests: with limited concurrency, a deadline per attempt, and a report of each retry. */
import type { Judgement } from '../../domain/smoke/judgement.ts';
import type { SmokeReport } from '../../domain/smoke/report.ts';
import { latencyTests } from '../../domain/smoke/tests/latency-tests.ts';
import { measuredAtOnce } from '../../domain/smoke/tests/probe.ts';
import { proven } from '../../domain/smoke/tests/proof.ts';
import type { SmokeTest } from '../../domain/smoke/tests/test.ts';
import { smokeLine } from '../../report/log/smoke.ts';
import type { Run } from '../run/context.ts';
import { judgeTry } from './attempt.ts';
import type { TestGround, Try } from './context.ts';
import { turnsOf } from './turns.ts';

const pauseBetweenTries = 1000;

/** Reports in the order of the tests, response times last; each is in the log as soon as it is known. */
export async function runTests(
  run: Run,
  tests: readonly SmokeTest[],
  ground: TestGround,
): Promise<readonly SmokeReport[]> {
  const found = await runAll(run, tests, ground);
  if (!run.settings.comprehensive) return found;
  const { maxLatency } = run.settings;
  // Response times of an address that the pods reach over a different route are meaningless.
  const near = tests.filter(({ doubt }) => doubt === undefined);
  const measured = latencyTests(near, found, maxLatency, run.configuration.smoke);
  // A single stall of a second affects p95 of a measurement of three seconds: a failure must occur twice.
  const alone = { ...ground, parallel: measuredAtOnce, retries: 1 };
  return [...found, ...(await runAll(run, measured, alone))];
}

async function runAll(
  run: Run,
  tests: readonly SmokeTest[],
  ground: TestGround,
): Promise<readonly SmokeReport[]> {
  const reports: SmokeReport[] = [];
  const entries = [...tests.entries()];
  const placed = { ...ground, inTurn: turnsOf(ground.parallel) };
  const work = async (waiting: Iterable<readonly [number, SmokeTest]>): Promise<void> => {
    for (const [place, test] of waiting) {
      const report = await runTest(run, test, placed);
      reports[place] = report;
      run.log.line(smokeLine(report, run.logClock()));
    }
  };
  // What goes within goes together, with one pod that asks it all: it starts while the others are called from here.
  const within = entries.filter(([, test]) => goesWithin(test));
  const others = entries
    .filter(([, test]) => !goesWithin(test))
    // Those that wait for their time must not hold up the others.
    .toSorted(([, one], [, other]) => (countsFrom(one).countsFrom ?? 0) - (countsFrom(other).countsFrom ?? 0))
    .values();
  await Promise.all([
    ...within.map((entry) => work([entry])),
    ...Array.from({ length: Math.min(ground.parallel, tests.length) }, () => work(others)),
  ]);
  return reports;
}

function goesWithin(test: SmokeTest): boolean {
  if (test.what === 'service' || test.what === 'latency') return true;
  return 'reach' in test && test.reach.type === 'direct';
}

async function runTest(run: Run, test: SmokeTest, ground: TestGround): Promise<SmokeReport> {
  const startedAt = run.clock.now();
  if (countsFrom(test).waits === true && !(await untilItCounts(run, test, ground))) {
    return reportOf(run, test, startedAt, 1, tooEarly(test));
  }
  for (let attempt = 1; ; attempt += 1) {
    const tried = await judgeTry(run, test, ground);
    const { evidence, again } = tried;
    const judgement = proven(test, tried.judgement, evidence.route);
    run.signal.throwIfAborted();
    if (judgement.outcome === 'failed' && isEarly(run, test)) {
      if (await untilItCounts(run, test, ground)) continue;
      return reportOf(run, test, startedAt, attempt, tooEarly(test));
    }
    const gone = judgement.outcome === 'failed' && !isThere(test, ground);
    const open = judgement.outcome === 'failed' || again === true;
    const final = test.what === 'decided' || !open || attempt > ground.retries;
    if (final || gone) {
      return reportOf(run, test, startedAt, attempt, gone ? meanwhileGone(test) : judgement, evidence);
    }
    await run.clock.wait(pauseBetweenTries, run.signal);
  }
}

function reportOf(
  run: Run,
  { id, subject, kind, address, pod, objects, field }: SmokeTest,
  startedAt: number,
  attempts: number,
  judgement: Judgement,
  evidence: Try['evidence'] = {},
): SmokeReport {
  return {
    id,
    subject,
    kind,
    address,
    objects,
    ...(pod === undefined ? {} : { pod }),
    ...(field === undefined ? {} : { field }),
    attempts,
    startedAt,
    finishedAt: run.clock.now(),
    ...evidence,
    ...judgement,
  };
}

function countsFrom(test: SmokeTest): { readonly countsFrom?: number; readonly waits?: true } {
  return test.what === 'http' ? test : {};
}

function isEarly(run: Run, test: SmokeTest): boolean {
  return run.clock.now() < (countsFrom(test).countsFrom ?? 0);
}

/** Waits no longer than the tries of a test that fails may take; false if that is not enough. */
async function untilItCounts(run: Run, test: SmokeTest, ground: TestGround): Promise<boolean> {
  const left = (countsFrom(test).countsFrom ?? 0) - run.clock.now();
  if (left > ground.deadline * (ground.retries + 1)) return false;
  if (left > 0) await run.clock.wait(left, run.signal);
  return true;
}

/** A pod that was scaled down or drained meanwhile need not answer. */
function isThere({ pod }: SmokeTest, ground: TestGround): boolean {
  return pod === undefined || ground.isThere(pod);
}

function meanwhileGone({ title }: SmokeTest): Judgement {
  return { outcome: 'skipped', message: `${title} was skipped: the pod was deleted meanwhile.` };
}

/** Its probe does not count yet (initialDelaySeconds). */
function tooEarly(test: SmokeTest): Judgement {
  const from = new Date(countsFrom(test).countsFrom ?? 0).toISOString().slice(11, 19);
  return {
    outcome: 'skipped',
    message: `${test.title} was skipped: with the initialDelaySeconds of its probe it counts only from ${from} UTC.`,
  };
}

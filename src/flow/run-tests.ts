/** Runs smoke tests: within limits at the same time, each try with its deadline, each retry shown, everything reported. */
import type { Judgement } from '../domain/smoke/judgement.ts';
import { latencyTests, measuredAtOnce } from '../domain/smoke/latency-tests.ts';
import type { SmokeReport } from '../domain/smoke/report.ts';
import type { SmokeTest } from '../domain/smoke/test.ts';
import { smokeLine } from '../report/log-smoke.ts';
import type { Run } from './run.ts';
import type { TestGround } from './test-ground.ts';
import { judgeTry } from './try-test.ts';

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
  const measured = latencyTests(tests, found, maxLatency, run.configuration.smoke);
  // A slow answer is no accident that a second try would mend.
  const alone = { ...ground, parallel: measuredAtOnce, retries: 0 };
  return [...found, ...(await runAll(run, measured, alone))];
}

async function runAll(
  run: Run,
  tests: readonly SmokeTest[],
  ground: TestGround,
): Promise<readonly SmokeReport[]> {
  const reports: SmokeReport[] = [];
  const entries = [...tests.entries()];
  const work = async (waiting: Iterable<readonly [number, SmokeTest]>): Promise<void> => {
    for (const [place, test] of waiting) {
      const report = await runTest(run, test, ground);
      reports[place] = report;
      run.log.line(smokeLine(report, run.logClock()));
    }
  };
  // Services go together, with one pod that calls them all: it starts while the others are called from here.
  const services = entries.filter(([, test]) => test.what === 'service');
  const others = entries.filter(([, test]) => test.what !== 'service').values();
  await Promise.all([
    ...services.map((entry) => work([entry])),
    ...Array.from({ length: Math.min(ground.parallel, tests.length) }, () => work(others)),
  ]);
  return reports;
}

async function runTest(run: Run, test: SmokeTest, ground: TestGround): Promise<SmokeReport> {
  const startedAt = run.clock.now();
  for (let attempt = 1; ; attempt += 1) {
    const { judgement, evidence, again } = await judgeTry(run, test, ground);
    run.signal.throwIfAborted();
    const gone = judgement.outcome === 'failed' && !isThere(test, ground);
    const open = judgement.outcome === 'failed' || again === true;
    const final = test.what === 'decided' || !open || attempt > ground.retries;
    if (final || gone) {
      const { id, subject, kind, address, pod, objects, field } = test;
      return {
        id,
        subject,
        kind,
        address,
        objects,
        ...(pod === undefined ? {} : { pod }),
        ...(field === undefined ? {} : { field }),
        attempts: attempt,
        startedAt,
        finishedAt: run.clock.now(),
        ...evidence,
        ...(gone ? meanwhileGone(test) : judgement),
      };
    }
    await run.clock.wait(pauseBetweenTries, run.signal);
  }
}

/** A pod that was scaled down or drained meanwhile need not answer. */
function isThere({ pod }: SmokeTest, ground: TestGround): boolean {
  return pod === undefined || ground.isThere(pod);
}

function meanwhileGone({ title }: SmokeTest): Judgement {
  return { outcome: 'skipped', message: `${title} need not answer: the pod went meanwhile.` };
}

/** Smoke tests of a release after the rollout: every pod, every database it uses and every Service. */
import type { Failure } from '../../domain/failure/failure.ts';
import { Fault } from '../../domain/failure/fault.ts';
import { textAt } from '../../domain/kubernetes/fields.ts';
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import type { RolloutState } from '../../domain/rollout/state.ts';
import { workloadViewOf } from '../../domain/rollout/workload-view.ts';
import { type Baseline, baselineOf, compared } from '../../domain/smoke/latency/baseline.ts';
import type { SmokeReport } from '../../domain/smoke/report.ts';
import { databaseTests } from '../../domain/smoke/tests/database-tests.ts';
import { smokeFailures } from '../../domain/smoke/tests/failures.ts';
import { planTests } from '../../domain/smoke/tests/plan.ts';
import { proven } from '../../domain/smoke/tests/proof.ts';
import { type Dependencies, dependenciesOf, selectTests } from '../../domain/smoke/tests/selection.ts';
import type { SmokeSubject } from '../../domain/smoke/tests/subject.ts';
import type { SmokeTest } from '../../domain/smoke/tests/test.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type { Health } from '../health/health.ts';
import type { RolloutWatch } from '../rollout/watch.ts';
import type { Run } from '../run/context.ts';
import { judgeTry } from './attempt.ts';
import { findDatabases, readAuthority } from './discover-databases.ts';
import { findEntrances } from './discover-ingresses.ts';
import { callsFromWithin } from './in-cluster-calls.ts';
import { journeyVariables } from './journey-variables.ts';
import { runTests } from './runner.ts';
import { readSetting } from './settings-in-cluster.ts';

/** A release in a cluster, as the tests see it. */
export interface SmokeGround {
  readonly cluster: ClusterPort;
  readonly namespace: string;
  readonly rendered: readonly KubernetesObject[];
  readonly former: ReadonlySet<string>;
  readonly watch: RolloutWatch;
  readonly health: Health;
  /** A rollout has seen all of it stay up: restarts from before are no evidence any more. */
  readonly seenUp: boolean;
}

/**
 * The databases that do not work now, by name: tested before a release changes anything, to distinguish one that was
 * already down from one that the release broke. It fails and reports nothing; a database in an unknown state counts
 * as working.
 */
export async function databasesDown(
  run: Run,
  ground: SmokeGround,
  workloads: readonly KubernetesObject[],
): Promise<ReadonlySet<string>> {
  const { cluster, namespace, health } = ground;
  const databases = await findDatabases(run, ground, workloads);
  // Whose pods a sidecar's are is not known yet: it is not asked. And from here alone: a Job would hold the release up.
  const tests = databaseTests(databases, { namespace, health: health.state(), workloads: [] });
  const tries = { ...run.configuration.smoke, inside: { cluster, namespace }, isThere: () => true };
  const found = await Promise.all(
    tests.map(async (test) => {
      const { judgement, evidence } = await judgeTry(run, test, tries);
      return { test, outcome: proven(test, judgement, evidence.route).outcome };
    }),
  );
  return new Set(found.filter(({ outcome }) => outcome === 'failed').map(({ test }) => test.subject));
}

/** What failed, one failure per root; the reports are in the ledger. `downBefore` see `databasesDown`. */
export async function smokeRelease(
  run: Run,
  ground: SmokeGround,
  downBefore: ReadonlySet<string> = new Set(),
): Promise<readonly Failure[]> {
  const { smoke } = run.configuration;
  const { cluster, namespace, watch } = ground;
  const [databases, variables, entrances, authorities] = await Promise.all([
    findDatabases(run, ground, runningWorkloads(watch)),
    journeyVariables(run, (name) => readSetting(run, ground, 'Secret', name)),
    findEntrances(cluster, namespace),
    readAuthority(run, ground, smoke.ca, 'smoke.ca'),
  ]);
  const dependencies = dependenciesOf(smoke, databases);
  const tests = wanted(
    run,
    await settledPlan(run, ground, {
      databases,
      variables,
      entrances,
      ...(authorities === undefined ? {} : { authorities }),
    }),
    dependencies,
  );
  const reports = await runTests(run, tests, {
    ...smoke,
    inside: { cluster, namespace, fromWithin: callsFromWithin(run, cluster, namespace) },
    isThere: (pod) => watch.state().targets.some(({ reference }) => watch.podsOf(reference).includes(pod)),
    addressOf: (pod) => podAddress(watch.state(), pod),
  });
  run.ledger.smoke = compared(reports, await baseline(run, namespace, reports));
  return smokeFailures(run.ledger.smoke, dependencies, downBefore);
}

/** Where a pod of this release is called from inside the cluster. */
function podAddress(state: RolloutState, name: string): string | undefined {
  const pods = state.targets.flatMap((target) => workloadViewOf(state, target).pods);
  return textAt(pods.find(({ object }) => object.metadata.name === name)?.object, 'status', 'podIP');
}

/** Nothing to compare with is no fault, nor are records that may not be read. */
async function baseline(
  run: Run,
  namespace: string,
  reports: readonly SmokeReport[],
): Promise<Baseline | undefined> {
  if (!reports.some(({ latency }) => latency !== undefined)) return undefined;
  try {
    const { releases } = await (await run.records(namespace)).list();
    return baselineOf(releases, run.ledger.release);
  } catch {
    return undefined;
  }
}

/** Those of the named services; a name that nothing has is a mistake, not a green. */
export function wanted(
  run: Run,
  tests: readonly SmokeTest[],
  dependencies: Dependencies,
): readonly SmokeTest[] {
  const selection = selectTests(tests, run.settings.services, dependencies);
  if (selection.unknown.length === 0) return selection.tests;
  const known = [...new Set(tests.map(({ subject }) => subject))].sort();
  throw new Fault(
    'bad-input',
    `No test matches ${selection.unknown.join(', ')}.`,
    known.length === 0
      ? 'Remove the input service; no tests were found at all.'
      : `Use some of ${known.join(', ')} in the input service.`,
  );
}

/**
 * The cluster's objects may lag behind the pods by a moment: evaluated again until everything passes, or time is up.
 */
async function settledPlan(
  run: Run,
  { watch, health, seenUp, ...ground }: SmokeGround,
  found: Pick<SmokeSubject, 'databases' | 'variables' | 'entrances' | 'authorities'>,
): Promise<readonly SmokeTest[]> {
  const until = run.clock.now() + run.configuration.smoke.deadline;
  for (;;) {
    const subject: SmokeSubject = {
      ...ground,
      rollout: watch.state(),
      health: health.state(),
      configuration: run.configuration.smoke,
      ...found,
      restarts: { most: run.settings.maxRestarts, now: run.clock.now(), seenUp },
    };
    const tests = planTests(subject);
    const unwell = tests.some((test) => test.what === 'decided' && test.judgement.outcome === 'failed');
    if (!unwell || run.clock.now() >= until) return tests;
    await watch.changed(until);
  }
}

/** As they are in the cluster: generated Secrets have other names there if this checkout has other values. */
function runningWorkloads(watch: RolloutWatch): readonly KubernetesObject[] {
  const state = watch.state();
  return state.targets.map((target) => workloadViewOf(state, target).live?.object ?? target.desired);
}

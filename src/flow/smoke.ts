/** Does it really work? Every pod of the release, every database it uses and every Service of it, asked once the rollout is over. */
import type { Failure } from '../domain/failure.ts';
import { Fault } from '../domain/fault.ts';
import { groupKindOf, type KubernetesObject, type ObjectReference } from '../domain/objects.ts';
import { sceneOf } from '../domain/rollout/scene.ts';
import { type Baseline, baselineOf, compared } from '../domain/smoke/baseline.ts';
import { databaseTests } from '../domain/smoke/database-tests.ts';
import {
  type Database,
  databasesOf,
  parseDatabaseUrl,
  type SettingValues,
  settingReferences,
} from '../domain/smoke/databases.ts';
import { smokeFailures } from '../domain/smoke/failures.ts';
import { planTests } from '../domain/smoke/plan.ts';
import type { SmokeReport } from '../domain/smoke/report.ts';
import { type Dependencies, dependenciesOf, selectTests } from '../domain/smoke/selection.ts';
import type { SmokeSubject } from '../domain/smoke/subject.ts';
import type { SmokeTest } from '../domain/smoke/test.ts';
import { podTemplateOf } from '../domain/workloads.ts';
import { callsFromWithin } from './calls-from-within.ts';
import { findEntrances } from './find-entrances.ts';
import type { Health } from './health.ts';
import { journeyVariables } from './journey-variables.ts';
import type { ClusterPort } from './ports.ts';
import type { RolloutWatch } from './rollout.ts';
import type { Run } from './run.ts';
import { runTests } from './run-tests.ts';
import { judgeTry } from './try-test.ts';

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
 * The databases that do not work now, by name: asked before a release changes anything, so that one that was down already is told
 * from one that the release broke. It fails nothing and says nothing; what cannot be found out counts as working.
 */
export async function databasesDown(
  run: Run,
  ground: SmokeGround,
  workloads: readonly KubernetesObject[],
): Promise<ReadonlySet<string>> {
  const { cluster, namespace, health } = ground;
  const databases = await findDatabases(run, ground, workloads);
  const tests = databaseTests(databases, { namespace, health: health.state() });
  const tries = { ...run.configuration.smoke, inside: { cluster, namespace }, isThere: () => true };
  const found = await Promise.all(
    tests.map(async (test) => ({ test, outcome: (await judgeTry(run, test, tries)).judgement.outcome })),
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
  const [databases, variables, entrances] = await Promise.all([
    findDatabases(run, ground, runningWorkloads(watch)),
    journeyVariables(run, (name) => readSetting(run, ground, 'Secret', name)),
    findEntrances(cluster, namespace),
  ]);
  const dependencies = dependenciesOf(smoke, databases);
  const tests = wanted(
    run,
    await settledPlan(run, ground, { databases, variables, entrances }),
    dependencies,
  );
  const reports = await runTests(run, tests, {
    ...smoke,
    inside: { cluster, namespace, fromWithin: callsFromWithin(run, cluster, namespace) },
    isThere: (pod) => watch.state().targets.some(({ reference }) => watch.podsOf(reference).includes(pod)),
  });
  run.ledger.smoke = compared(reports, await baseline(run, namespace, reports));
  return smokeFailures(run.ledger.smoke, dependencies, downBefore);
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
    `There is nothing to test that is called ${selection.unknown.join(', ')}.`,
    known.length === 0
      ? 'Leave the input service out; nothing to test was found at all.'
      : `Name some of ${known.join(', ')} in the input service.`,
  );
}

/** What the objects of the cluster say may lag behind the pods by a moment: looked at anew until it is well, or time is up. */
async function settledPlan(
  run: Run,
  { watch, health, seenUp, ...ground }: SmokeGround,
  found: Pick<SmokeSubject, 'databases' | 'variables' | 'entrances'>,
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

/** Those of orion.yaml come first: they say how to log in where the workloads do not. */
async function findDatabases(
  run: Run,
  ground: SmokeGround,
  objects: readonly KubernetesObject[],
): Promise<readonly Database[]> {
  const workloads = objects.filter((object) => podTemplateOf(object) !== undefined);
  const services = ground.rendered.filter((object) => groupKindOf(object) === 'Service');
  const found = databasesOf([...workloads, ...services], await settingValues(run, ground, workloads));
  const configured = await Promise.all(
    Object.entries(run.configuration.smoke.databases).map(async ([name, source]) => {
      if ('literal' in source) return namedDatabase(name, source.literal, 'orion.yaml');
      if ('env' in source) return namedDatabase(name, run.variable(source.env), `variable ${source.env}`);
      const { secret, key } = source;
      const data = await readSetting(run, ground, 'Secret', secret);
      return namedDatabase(name, data[key], `Secret ${secret}, key ${key}`);
    }),
  );
  for (const { password = '' } of [...configured, ...found]) run.hideText(password);
  const names = new Set(configured.map(({ name }) => name));
  return [
    ...configured.map((one) => ({ ...one, users: found.find(({ name }) => name === one.name)?.users ?? [] })),
    ...found.filter(({ name }) => !names.has(name)),
  ];
}

/** As they are in the cluster: generated Secrets have other names there if this checkout has other values. */
function runningWorkloads(watch: RolloutWatch): readonly KubernetesObject[] {
  const state = watch.state();
  return state.targets.map((target) => sceneOf(state, target).live?.object ?? target.desired);
}

function namedDatabase(name: string, url: string | undefined, source: string): Database {
  const database = url === undefined ? undefined : parseDatabaseUrl(url, source);
  if (database !== undefined) return { ...database, name };
  throw new Fault(
    'bad-config',
    `The URL of the database ${name} is ${url === undefined ? 'not there' : 'no postgres:// or redis:// URL'} (${source}).`,
    `Correct smoke.databases.${name} in orion.yaml, or what it refers to.`,
  );
}

async function settingValues(
  run: Run,
  ground: SmokeGround,
  workloads: readonly KubernetesObject[],
): Promise<SettingValues> {
  const entries = settingReferences(workloads).map(
    async ({ kind, name }) => [`${kind}/${name}`, await readSetting(run, ground, kind, name)] as const,
  );
  return new Map(await Promise.all(entries));
}

/** Empty where it is not there, or may not be read: then a database is merely not known. */
async function readSetting(
  run: Run,
  { cluster, namespace }: SmokeGround,
  kind: 'Secret' | 'ConfigMap',
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const reference: ObjectReference = { apiVersion: 'v1', kind, namespace, name };
  const object = await cluster.get(reference).catch((error: unknown) => {
    if (cluster.refusalOf(error)?.status === 403) return undefined;
    throw error;
  });
  if (object === undefined) return {};
  if (kind === 'Secret') run.hide([object]);
  const data = (object['data'] ?? {}) as Readonly<Record<string, string>>;
  if (kind === 'ConfigMap') return data;
  const decoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]);
  return Object.fromEntries(decoded) as Readonly<Record<string, string>>;
}

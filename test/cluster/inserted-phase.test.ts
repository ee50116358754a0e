/**
 * A phase between two others: it writes under the lock, what it changes is recorded first and restored by the same rollback. A row of
 * the table is all that a canary would add (src/flow/phases/table.ts).
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Failure } from '../../src/domain/failure/failure.ts';
import type { ResultDocument } from '../../src/domain/result/document.ts';
import { applyPlan } from '../../src/flow/apply/apply.ts';
import { deploy } from '../../src/flow/commands/deploy.ts';
import type { ReleasePhase } from '../../src/flow/phases/context.ts';
import { type PhaseSequence, wholeRelease } from '../../src/flow/phases/table.ts';
import { leaveNote, noteOf, recordBefore, writingOf } from '../../src/flow/phases/write.ts';
import { takeUp } from '../../src/flow/pipeline/handover.ts';
import { placeObjects } from '../../src/flow/plan/desired.ts';
import { makePlan } from '../../src/flow/plan/plan.ts';
import { statesBefore } from '../../src/flow/record/states-before.ts';
import type { Run } from '../../src/flow/run/context.ts';
import { Ledger } from '../../src/flow/run/ledger.ts';
import { composeRun } from '../../src/wiring/compose-run.ts';
import { overlayPath, writeShop } from '../support/actions/shop-overlay.ts';
import { type ApiCluster, startApiCluster, startTimeout } from '../support/cluster/api-cluster.ts';
import { stagingSettings } from '../support/flow/flow-run.ts';

let here: ApiCluster;

beforeAll(async () => {
  here = await startApiCluster();
}, startTimeout);

afterAll(async () => here?.stop(), 60_000);

const weights = (weight: string, namespace: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'weights', namespace },
  data: { weight },
});

const broken: Failure = {
  reason: 'too-many-errors',
  message: 'The new pods answer with errors.',
  remedy: 'Look at their logs.',
  objects: [],
  chain: [],
  logs: [],
};

/** Sends a tenth of the traffic to the new pods, as far as a ConfigMap can say so, and ends as it is told to. */
function shiftsTraffic(failures: readonly Failure[], notes: unknown[]): ReleasePhase {
  return {
    name: 'health',
    steps: ['rollout'],
    judgesDeployed: false,
    async run(context) {
      const { run, cluster, target, release } = context;
      if (release === undefined) throw new Error('no release is open');
      const { namespace } = target;
      const overlay = {
        objects: [weights('10', namespace)],
        namespace,
        namespaces: [namespace],
        renderer: { name: 'kubectl', version: 'v1', kustomizeVersion: 'v5.0.0' } as const,
        locate: () => ({ file: 'kustomization.yaml', line: 1 }),
      };
      const placed = await placeObjects(overlay, namespace, cluster, 'shop');
      const plan = await makePlan(cluster, placed, { adopt: [], namespaceExists: true });
      await recordBefore(context, release, await statesBefore(cluster, plan.changes));
      const writing = writingOf(release);
      await applyPlan(run, writing.cluster, plan.changes, {
        ensureHeld: () => writing.ensureHeld(),
        locate: () => undefined,
        onApplied: () => undefined,
      });
      leaveNote(release, 'health', { weight: 10 });
      notes.push(noteOf(release, 'health'));
      return failures;
    },
  };
}

interface Options {
  readonly inserted?: ReleasePhase;
  /** As a step of a job with this check run: the release stays open. */
  readonly inJob?: string;
}

async function deployWith(namespace: string, { inserted, inJob }: Options = {}): Promise<ResultDocument> {
  const workspace = await writeShop({
    namespace,
    workloads: [{ name: 'web', container: { env: [{ name: 'RUN', value: String(Math.random()) }] } }],
  });
  const sequence: PhaseSequence = {
    inSteps: inJob !== undefined,
    phases: inserted === undefined ? wholeRelease.phases : wholeRelease.phases.toSpliced(2, 0, inserted),
  };
  return deploy(runIn(namespace, workspace, inJob), sequence);
}

function runIn(namespace: string, workspace: string, checkRunId?: string): Run {
  const now = Date.now();
  return composeRun({
    settings: {
      ...stagingSettings,
      overlay: overlayPath,
      namespace,
      kubeconfig: here.cluster.kubeconfig,
      rollback: 'automatic',
      settle: 0,
      skipTests: true,
    },
    configuration: {},
    app: 'shop',
    identity: { holder: `test-${now}`, ...(checkRunId === undefined ? {} : { checkRunId }) },
    signal: new AbortController().signal,
    log: { group: () => undefined, endGroup: () => undefined, line: () => undefined },
    logClock: () => ({ now, startedAt: now, colour: false }),
    ledger: new Ledger(now),
    hide: () => undefined,
    hideText: () => undefined,
    remember: () => undefined,
    env: process.env,
    place: {
      workspace,
      temporary: workspace,
      home: workspace,
      repositoryName: 'shop',
      summaryFile: undefined,
      colour: false,
    },
  });
}

const weightIn = async (namespace: string): Promise<unknown> =>
  (await here.api.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'weights' }))?.['data'];

test('what an inserted phase has written stays when it passes, and is restored when it fails', async () => {
  const namespace = await here.newNamespace();
  await here.api.apply(weights('0', namespace), { force: false, dryRun: false });
  const notes: unknown[] = [];
  expect(await deployWith(namespace)).toMatchObject({ outcome: 'succeeded' });
  expect(await weightIn(namespace)).toEqual({ weight: '0' });

  const failed = await deployWith(namespace, { inserted: shiftsTraffic([broken], notes) });
  expect(failed).toMatchObject({ outcome: 'rolled-back', reason: 'too-many-errors', exitCode: 3 });
  expect(failed.phases.map(({ phase }) => phase)).toContain('rollback');
  expect(await weightIn(namespace)).toEqual({ weight: '0' });

  const passed = await deployWith(namespace, { inserted: shiftsTraffic([], notes) });
  expect(passed).toMatchObject({ outcome: 'succeeded' });
  expect(await weightIn(namespace)).toEqual({ weight: '10' });
  expect(notes).toEqual([{ weight: 10 }, { weight: 10 }]);
}, 180_000);

test('what it leaves comes with the record to the process of a later step', async () => {
  const namespace = await here.newNamespace();
  const job = { inserted: shiftsTraffic([], []), inJob: '7' };
  expect(await deployWith(namespace, job)).toMatchObject({ outcome: 'succeeded' });
  const later = await takeUp(runIn(namespace, 'no workspace is read', '7'), namespace);
  expect(noteOf(later, 'health')).toEqual({ weight: 10 });
  expect(later.body.before.map(({ reference }) => reference.name)).toContain('weights');
  await later.hold.lease.release();
}, 180_000);

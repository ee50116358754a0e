import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../../src/domain/checks/finding.ts';
import type { Failure } from '../../../../src/domain/failure/failure.ts';
import { Fault } from '../../../../src/domain/failure/fault.ts';
import type { Reason } from '../../../../src/domain/failure/reasons.ts';
import type { PruneReport } from '../../../../src/domain/prune/plan.ts';
import type { PhaseName } from '../../../../src/domain/settings/phases.ts';
import {
  cancelled,
  checksFailed,
  endingOfError,
  failedInStep,
  failedWith,
  handedOver,
  planMoved,
  planned,
  succeeded,
  testsSkipped,
  unchanged,
  unsettled,
  verifiedRunning,
} from '../../../../src/flow/run/endings.ts';
import { flowRun, stagingSettings } from '../../../support/flow/flow-run.ts';

const failure = (reason: Reason, message = 'It failed.', remedy = 'Repair it.'): Failure => ({
  reason,
  message,
  remedy,
  objects: [],
  chain: [],
  logs: [],
});

const finding = (level: Finding['level'], message: string, remedy: string): Finding => ({
  level,
  reason: level === 'fail' ? 'secret-missing' : 'ok',
  message,
  remedy,
});

/** A run of release 7 that is in `phase`. */
function runIn(phase: PhaseName, settings: Partial<typeof stagingSettings> = {}) {
  const made = flowRun({ holder: 'us', settings: { ...stagingSettings, ...settings } });
  made.ledger.phases.push({ phase, startedAt: 0, finishedAt: 1, result: 'failed' });
  made.ledger.release = 'orion-shop-7';
  return made;
}

const pruned = (state: PruneReport['state'], name: string) => ({
  reference: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name },
  state,
  message: '',
});

describe('the exit code of a failed release', () => {
  test.each<[PhaseName, Reason, number]>([
    ['apply', 'apply-failed', 2],
    ['rollout', 'crash-loop', 2],
    ['health', 'endpoints-missing', 3],
    ['health', 'restarted-after-ready', 3],
    ['health', 'health-timeout', 3],
    ['health', 'too-many-errors', 3],
    ['health', 'crash-loop', 2],
    ['smoke', 'status-unexpected', 4],
    ['smoke', 'endpoints-missing', 4],
  ])('%s, %s: %i', (phase, reason, exitCode) => {
    expect(failedWith(runIn(phase).run, [failure(reason)])).toMatchObject({
      outcome: 'failed',
      exitCode,
      reason,
    });
  });

  test('is that of the first failure', () => {
    const { run } = runIn('health');
    expect(failedWith(run, [failure('crash-loop'), failure('endpoints-missing')]).exitCode).toBe(2);
    expect(failedWith(run, [failure('endpoints-missing'), failure('crash-loop')]).exitCode).toBe(3);
    expect(failedWith(run, [])).toMatchObject({ exitCode: 2, reason: 'internal-error' });
  });
});

describe('a failed release', () => {
  test('says the first failure, counts the others, and gives each remedy once', () => {
    const failures = [
      failure('crash-loop', 'api crashes.', 'Look at its log.'),
      failure('crash-loop', 'web crashes.', 'Look at its log.'),
      failure('image-not-found', 'There is no image.', 'Push it.'),
    ];
    const ending = failedWith(runIn('rollout', { rollback: 'automatic' }).run, failures);
    expect(ending.message).toBe('api crashes. And 2 more, see below.');
    expect(ending.nextSteps).toEqual(['Look at its log.', 'Push it.']);
  });

  test('with rollback manual says how to undo it, and never more than six steps', () => {
    const { run } = runIn('rollout', { rollback: 'manual' });
    const { nextSteps } = failedWith(run, [failure('crash-loop')]);
    expect(nextSteps).toHaveLength(2);
    expect(nextSteps[1]).toContain('To undo orion-shop-7, run orion/deploy@v1');
    expect(nextSteps[1]).toContain('`environment: staging`');
    const many = Array.from({ length: 9 }, (_, index) => failure('crash-loop', '', `Step ${index}.`));
    expect(failedWith(run, many).nextSteps).toHaveLength(6);
  });

  test('in a step says who rolls it back, where that is automatic', () => {
    const failed = failedWith(runIn('rollout', { rollback: 'automatic' }).run, [failure('crash-loop')]);
    const settings = (rollback: 'automatic' | 'manual') => ({ settings: { ...stagingSettings, rollback } });
    expect(failedInStep(settings('manual'), failed)).toBe(failed);
    const { nextSteps, ...rest } = failedInStep(settings('automatic'), failed);
    expect(failed).toMatchObject(rest);
    expect(nextSteps).toEqual([
      ...failed.nextSteps,
      expect.stringContaining('The end of this job rolls it back'),
    ]);
  });
});

describe('checks that failed', () => {
  function endingOf(...findings: readonly Finding[]) {
    const { run, ledger } = flowRun({ holder: 'us' });
    ledger.checks = [{ check: 'secrets', level: 'fail', findings, milliseconds: 1 }];
    return checksFailed(run);
  }

  test('name the first one that failed, and count the others', () => {
    const alone = endingOf(
      finding('warn', 'A warning.', 'Heed it.'),
      finding('fail', 'No Secret.', 'Make it.'),
    );
    expect(alone).toEqual({
      outcome: 'failed',
      exitCode: 1,
      reason: 'secret-missing',
      message: 'No Secret. Nothing was changed.',
      nextSteps: ['Make it.'],
    });
    const two = endingOf(finding('fail', 'No Secret.', 'Make it.'), finding('fail', 'No key.', ''));
    expect(two.message).toBe('No Secret. 1 more failed; nothing was changed.');
    expect(two.nextSteps).toEqual(['Make it.']);
  });

  test('give five remedies at most, each once', () => {
    const many = Array.from({ length: 8 }, (_, index) => finding('fail', 'No.', `Step ${index >> 1}.`));
    expect(endingOf(...many).nextSteps).toEqual(['Step 0.', 'Step 1.', 'Step 2.', 'Step 3.']);
    const more = Array.from({ length: 8 }, (_, index) => finding('fail', 'No.', `Step ${index}.`));
    expect(endingOf(...more).nextSteps).toHaveLength(5);
  });
});

describe('a run that changes nothing', () => {
  test('a preview counts what would change and what would be deleted', () => {
    const { run, ledger } = flowRun({ holder: 'us' });
    expect(planned(run)).toMatchObject({ exitCode: 0, message: 'Nothing would change.', nextSteps: [] });
    ledger.changed = 1;
    ledger.pruned = [pruned('to-prune', 'a'), pruned('to-prune', 'b'), pruned('spared', 'c')];
    const ending = planned(run);
    expect(ending.message).toBe(
      '1 object would change. 2 objects that the overlay no longer has would be deleted. Nothing was changed.',
    );
    expect(ending.nextSteps).toHaveLength(1);
  });

  test('a plan that moved names both digests', () => {
    const { run, ledger } = flowRun({
      holder: 'us',
      settings: { ...stagingSettings, expectPlan: 'sha256:1' },
    });
    ledger.planDigest = 'sha256:2';
    expect(planMoved(run)).toMatchObject({
      exitCode: 1,
      reason: 'plan-moved',
      message: 'The plan is now sha256:2, not the approved sha256:1. Nothing was changed.',
    });
  });

  test('names the release that runs', () => {
    const { run, ledger } = flowRun({ holder: 'us' });
    ledger.previousRelease = 'orion-shop-6';
    expect(unchanged(run)).toMatchObject({ outcome: 'unchanged', exitCode: 0 });
    expect(unchanged(run).message).toContain('orion-shop-6 already matches the overlay');
    expect(verifiedRunning('orion-shop-6')).toMatchObject({ outcome: 'unchanged', exitCode: 0 });
    expect(verifiedRunning('orion-shop-6').message).toContain('orion-shop-6, the last deployed release');
    expect(testsSkipped()).toMatchObject({ outcome: 'unchanged', exitCode: 0, reason: 'nothing-changed' });
  });
});

describe('a run that ends well or is stopped', () => {
  test('says what it changed and deleted', () => {
    const { run, ledger } = runIn('finish');
    ledger.changed = 3;
    expect(succeeded(run).message).toBe('3 objects changed, every workload is up and stayed up.');
    ledger.pruned = [pruned('pruned', 'a'), pruned('spared', 'b'), pruned('not-pruned', 'c')];
    expect(succeeded(run)).toMatchObject({
      outcome: 'succeeded',
      exitCode: 0,
      message:
        '3 objects changed, 1 that the overlay no longer has deleted, every workload is up and stayed up.',
    });
  });

  test('a step hands over by release and phase', () => {
    expect(handedOver(runIn('rollout').run)).toMatchObject({
      outcome: 'succeeded',
      message: 'orion-shop-7 passed rollout; it is not finished yet.',
    });
  });

  test('cancelled: before anything was changed, or what was applied stays', () => {
    expect(cancelled(flowRun({ holder: 'us' }).run)).toEqual({
      outcome: 'cancelled',
      exitCode: 5,
      reason: 'cancelled',
      message: 'Cancelled before anything was changed.',
      nextSteps: [],
    });
    const after = cancelled(runIn('rollout').run);
    expect(after.message).toBe('Cancelled in the rollout phase: what was applied so far remains applied.');
    expect(after.nextSteps).toHaveLength(1);
  });

  test('a record that could not be settled names the ways to settle it', () => {
    const ending = unsettled('orion-shop-7', 'no answer.');
    expect(ending).toMatchObject({ outcome: 'rollback-failed', exitCode: 2, reason: 'interrupted-run' });
    expect(ending.message).toBe('After the job orion-shop-7 could not be settled: no answer.');
    expect(ending.rollback).toBe(ending.message);
    expect(ending.nextSteps.join()).toContain('`release: orion-shop-7`');
  });
});

describe('an error', () => {
  const fault = new Fault('permission-missing', 'May not list pods.', 'Add a rule.');

  test('that is a Fault keeps its reason and remedy; the exit code says whether anything was changed', () => {
    expect(endingOfError(flowRun({ holder: 'us' }).run, fault)).toEqual({
      outcome: 'failed',
      exitCode: 1,
      reason: 'permission-missing',
      message: 'May not list pods.',
      nextSteps: ['Add a rule.'],
    });
    expect(endingOfError(runIn('apply').run, fault).exitCode).toBe(2);
  });

  test.each([
    [new Error('x is undefined'), 'Orion itself failed: x is undefined'],
    ['text', 'Orion itself failed: text'],
  ])('that is no Fault (%s) is a mistake of Orion', (error, message) => {
    expect(endingOfError(runIn('apply').run, error)).toMatchObject({
      exitCode: 2,
      reason: 'internal-error',
      message,
    });
  });

  test('of a run that was stopped is its cancellation', () => {
    const stopped = flowRun({ holder: 'us', signal: AbortSignal.abort() });
    expect(endingOfError(stopped.run, fault)).toMatchObject({ outcome: 'cancelled', exitCode: 5 });
  });
});

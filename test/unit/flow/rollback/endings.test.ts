import { expect, test } from 'vitest';
import { rollbackStopped, rolledBack } from '../../../../src/flow/rollback/endings.ts';
import type { Undone } from '../../../../src/flow/rollback/undo.ts';
import type { Ending } from '../../../../src/flow/run/ledger.ts';

const failed: Ending = {
  outcome: 'failed',
  exitCode: 4,
  reason: 'status-unexpected',
  message: 'The endpoint answered 503.',
  nextSteps: ['Look at its log.'],
};

test.each<Undone['outcome']>(['rolled-back', 'rollback-failed', 'restore-unverified'])(
  '%s: the failure is said first and keeps its exit code and reason',
  (outcome) => {
    const undone = {
      failures: [],
      workloads: [],
      message: 'What came of it.',
      nextSteps: ['Compare by hand.'],
    };
    expect(rolledBack(failed, { outcome, ...undone })).toEqual({
      outcome,
      exitCode: 4,
      reason: 'status-unexpected',
      message: 'The endpoint answered 503. What came of it.',
      rollback: 'What came of it.',
      nextSteps: ['Compare by hand.', 'Look at its log.'],
    });
  },
);

test('a rollback that stopped says why, and who goes on', () => {
  expect(rollbackStopped(failed, 'the lock was lost.')).toEqual({
    outcome: 'rollback-failed',
    exitCode: 4,
    reason: 'status-unexpected',
    message: 'The endpoint answered 503. The rollback stopped: the lock was lost.',
    rollback: 'The rollback stopped: the lock was lost.',
    nextSteps: [expect.stringContaining('The end of this job tries the rollback again'), 'Look at its log.'],
  });
});

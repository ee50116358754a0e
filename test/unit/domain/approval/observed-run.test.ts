import { describe, expect, test } from 'vitest';
import type { Review } from '../../../../src/domain/approval/approval.ts';
import {
  judgeRun,
  type ObservedJob,
  type ObservedRun,
} from '../../../../src/domain/approval/observed-run.ts';

const review = (user: string, state = 'approved', environment = 'production'): Review => ({
  state,
  environments: [environment],
  user,
  comment: state === 'rejected' ? 'Not on a Friday.' : '',
});

const ran: ObservedJob = { name: 'deploy', status: 'completed', conclusion: 'success', started: true };
const kept: ObservedJob = { name: 'deploy', status: 'completed', conclusion: 'failure', started: false };
const inProduction = { environment: { name: 'production' } };
const inStaging = { environment: { name: 'staging' } };
const passed: ObservedRun = { attempt: 1, reviews: [review('alice')], pending: [], jobs: [ran] };

function word(given: Partial<ObservedRun>): string {
  const observation = judgeRun({ ...passed, ...given });
  return observation.type === 'kept' ? observation.refusal.reason : 'let-pass';
}

const rejected = { reviews: [review('bob', 'rejected')] };

describe.each([
  ['for any environment', {}],
  ['for the environment that the input names', { claimed: 'Production' }],
])('%s', (_, claimed) => {
  test.each<[string, Partial<ObservedRun>, string]>([
    ['approved, and it ran', {}, 'let-pass'],
    ['approved, and it ran and failed', { jobs: [{ ...ran, conclusion: 'failure' }] }, 'let-pass'],
    ['nobody was asked, and it ran', { reviews: [] }, 'let-pass'],
    ['it was skipped', { jobs: [{ ...kept, conclusion: 'skipped' }] }, 'let-pass'],
    ['rejected', { ...rejected, jobs: [kept] }, 'approval-declined'],
    [
      'rejected, and the job is known',
      { ...rejected, jobs: [{ ...kept, ...inProduction }] },
      'approval-declined',
    ],
    [
      'rejected, though GitHub ties no job to it',
      { ...rejected, jobs: [{ ...kept, environment: 'none' }] },
      'approval-declined',
    ],
    ['rejected, though every job ran', { ...rejected }, 'approval-declined'],
    ['rejected before the approved attempt', { ...rejected, attempt: 2 }, 'let-pass'],
    ['rejected in the second attempt', { ...rejected, attempt: 2, jobs: [kept] }, 'approval-declined'],
    [
      'rejected in the second attempt, approved in the first',
      { reviews: [review('alice'), review('bob', 'rejected')], attempt: 2, jobs: [kept] },
      'approval-declined',
    ],
    [
      'a review is still asked for',
      { reviews: [], pending: ['production'], jobs: [ran] },
      'approval-missing',
    ],
    [
      'a job still waits',
      { reviews: [], jobs: [{ name: 'deploy', status: 'waiting', started: false }] },
      'approval-missing',
    ],
    ['it never started, and nobody declined', { reviews: [], jobs: [kept] }, 'approval-missing'],
    [
      'it never started, for a reason of the future',
      { reviews: [], jobs: [{ ...kept, conclusion: 'forgotten' }] },
      'approval-missing',
    ],
    [
      'it never started, and GitHub gives no reason',
      { reviews: [], jobs: [{ name: 'deploy', status: 'completed', started: false }] },
      'approval-missing',
    ],
    [
      'it was cancelled while it waited',
      { reviews: [], jobs: [{ ...kept, conclusion: 'cancelled' }] },
      'cancelled',
    ],
    [
      'a job without an environment got no runner',
      { jobs: [ran, { ...kept, name: 'lint', environment: 'none' }] },
      'let-pass',
    ],
    ['a review of the future', { reviews: [review('bob', 'postponed')] }, 'approval-missing'],
    ['no other job', { jobs: [] }, 'github-answer-unclear'],
    [
      'no other job has ended',
      { jobs: [{ name: 'deploy', status: 'in_progress', started: true }] },
      'github-answer-unclear',
    ],
  ])('%s: %s', (__, given, expected) => {
    expect(word({ ...claimed, ...given })).toBe(expected);
  });
});

describe('another environment than the input names', () => {
  const staging = { claimed: 'production', jobs: [ran, { ...kept, ...inStaging }] };

  test.each<[string, Partial<ObservedRun>, string]>([
    ['was declined', { ...staging, reviews: [review('bob', 'rejected', 'staging')] }, 'let-pass'],
    ['still waits', { ...staging, jobs: [ran], pending: ['staging'] }, 'let-pass'],
    ['held its job back', { ...staging, reviews: [] }, 'let-pass'],
    ['has an unclear review', { ...staging, reviews: [review('bob', 'postponed', 'staging')] }, 'let-pass'],
    [
      'was declined, and GitHub does not say which job it held back',
      { claimed: 'production', jobs: [kept], reviews: [review('bob', 'rejected', 'staging')] },
      'approval-missing',
    ],
  ])('%s: %s', (_, given, expected) => {
    expect(word(given)).toBe(expected);
  });

  test('counts where the input names none', () => {
    const { claimed: _claimed, ...any } = staging;
    expect(word({ ...any, reviews: [review('bob', 'rejected', 'staging')] })).toBe('approval-declined');
  });
});

test('says who declined it, where, why, and what never started', () => {
  const reviews = [review('bob', 'rejected'), review('dave', 'rejected')];
  expect(judgeRun({ ...passed, reviews, jobs: [ran, kept] })).toEqual({
    type: 'kept',
    refusal: {
      reason: 'approval-declined',
      message:
        'bob, dave declined this run for production (“Not on a Friday.”), so job deploy never started.',
      remedy: 'Resolve what the reviewer asks for, and start a new run.',
    },
  });
});

test('says who approved it', () => {
  expect(judgeRun({ ...passed, claimed: 'production' })).toEqual({
    type: 'let-pass',
    message: 'alice approved this run for production, and no environment prevented a job from starting.',
  });
});

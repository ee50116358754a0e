import { describe, expect, test } from 'vitest';
import {
  type ApprovalFacts,
  type EnvironmentRules,
  judgeApproval,
  type Review,
} from '../../../../src/domain/approval/approval.ts';

const user = (name: string) => ({ type: 'User', name });
const rules: EnvironmentRules = {
  reviewers: [user('alice'), user('bob')],
  preventSelfReview: false,
  adminsMayBypass: true,
  types: ['required_reviewers'],
};
const review = (name: string, state = 'approved', environment = 'production'): Review => ({
  state,
  environments: [environment],
  user: name,
  comment: '',
});
const facts: ApprovalFacts = {
  proven: 'production',
  rules,
  privateRepository: false,
  reviews: [review('alice')],
  triggeredBy: ['carol'],
  startedAttempts: 1,
};

function word(given: Partial<ApprovalFacts>): string {
  const verdict = judgeApproval({ ...facts, ...given });
  return verdict.type === 'refused' ? verdict.refusal.reason : verdict.approval.state;
}

function without(name: keyof ApprovalFacts, given: Partial<ApprovalFacts> = {}): ApprovalFacts {
  const { [name]: _left, ...rest } = { ...facts, ...given };
  return rest as ApprovalFacts;
}

test('an approval names who gave it, the environment and who may', () => {
  expect(judgeApproval({ ...facts, reviews: [{ ...review('Alice'), comment: 'go' }] })).toEqual({
    type: 'approved',
    approval: {
      state: 'approved',
      environment: 'production',
      by: [{ user: 'Alice', comment: 'go' }],
      reviewers: ['alice', 'bob'],
    },
  });
});

const team = { ...rules, reviewers: [{ type: 'Team', name: 'release-managers' }] };
const noBypass = { ...rules, adminsMayBypass: false };
const noSelf = { ...rules, preventSelfReview: true };
const noReviewers = { ...rules, reviewers: [], types: [] as string[] };

describe('rules', () => {
  test.each<[string, Partial<ApprovalFacts>, string]>([
    ['an environment without rules', { rules: noReviewers }, 'environment-unprotected'],
    ['a rule whose reviewers are gone', { rules: { ...rules, reviewers: [] } }, 'environment-unprotected'],
    ['a wait timer alone', { rules: { ...noReviewers, types: ['wait_timer'] } }, 'environment-unprotected'],
    ['a rule of the future alone', { rules: { ...noReviewers, types: ['moon'] } }, 'environment-unprotected'],
    [
      'a wait timer beside reviewers',
      { rules: { ...rules, types: ['wait_timer', 'required_reviewers'] } },
      'approved',
    ],
    ['no such environment', { rules: 'missing' }, 'environment-missing'],
    [
      'a private repository without rules',
      { rules: noReviewers, privateRepository: true },
      'reviewers-unavailable',
    ],
    [
      'a private repository with branches only',
      { rules: { ...noReviewers, types: ['branch_policy'] }, privateRepository: true },
      'reviewers-unavailable',
    ],
    [
      'a private repository whose plan has wait timers',
      { rules: { ...noReviewers, types: ['wait_timer'] }, privateRepository: true },
      'environment-unprotected',
    ],
    ['an input that agrees', { claimed: 'Production' }, 'approved'],
    ['an input that differs', { claimed: 'prod' }, 'environment-mismatch'],
  ])('%s: %s', (_, given, expected) => {
    expect(word(given)).toBe(expected);
  });
});

describe('reviews', () => {
  test.each<[string, Partial<ApprovalFacts>, string]>([
    ['none', { reviews: [] }, 'bypassed'],
    ['none, and nobody may bypass', { reviews: [], rules: noBypass }, 'approval-missing'],
    [
      'of another environment',
      { reviews: [review('alice', 'approved', 'staging')], rules: noBypass },
      'approval-missing',
    ],
    ['declined', { reviews: [review('bob', 'rejected')] }, 'approval-declined'],
    [
      'declined by one, approved by another',
      { reviews: [review('bob', 'rejected'), review('alice')] },
      'approved',
    ],
    ['pending', { reviews: [review('bob', 'pending')] }, 'approval-missing'],
    ['a state of the future', { reviews: [review('bob', 'postponed')] }, 'approval-missing'],
    ['by somebody who is no reviewer', { reviews: [review('mallory')], rules: noBypass }, 'approval-missing'],
    ['by somebody who is no reviewer, but may bypass', { reviews: [review('mallory')] }, 'bypassed'],
    ['by somebody of a team', { reviews: [review('dave')], rules: team }, 'approved'],
    ['by who triggered it', { triggeredBy: ['Alice'] }, 'approved'],
    [
      'by who triggered it, where that is forbidden',
      { triggeredBy: ['Alice'], rules: noSelf },
      'self-approval',
    ],
    [
      'by who triggered it and another, where that is forbidden',
      { triggeredBy: ['alice'], rules: noSelf, reviews: [review('alice'), review('bob')] },
      'approved',
    ],
    ['one for two attempts', { startedAttempts: 2 }, 'bypassed'],
    [
      'one for two attempts, and nobody may bypass',
      { startedAttempts: 2, rules: noBypass },
      'approval-missing',
    ],
    ['two for two attempts', { startedAttempts: 2, reviews: [review('bob'), review('alice')] }, 'approved'],
  ])('%s: %s', (_, given, expected) => {
    expect(word(given)).toBe(expected);
  });
});

describe('an environment that GitHub does not confirm', () => {
  const unprovable = { message: 'refused', remedy: 'Add `checks: read`.' };

  test('is believed if it was approved', () => {
    expect(judgeApproval(without('proven', { claimed: 'production' })).type).toBe('approved');
  });

  test.each<[string, ApprovalFacts, string]>([
    ['without an approval', without('proven', { claimed: 'production', reviews: [] }), 'environment-unknown'],
    [
      'refused, without an approval',
      without('proven', { claimed: 'production', reviews: [], unprovable }),
      'github-forbidden',
    ],
    ['without a name', without('proven'), 'environment-unknown'],
    ['refused and without a name', without('proven', { unprovable }), 'github-forbidden'],
  ])('%s is no bypass: %s', (_, given, reason) => {
    expect(judgeApproval(given)).toMatchObject({ type: 'refused', refusal: { reason } });
  });
});

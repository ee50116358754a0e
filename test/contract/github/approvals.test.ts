import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { judgeApproval } from '../../../src/domain/approval/approval.ts';
import { Fault } from '../../../src/domain/failure/fault.ts';
import { approvalFacts } from '../../../src/github/approvals.ts';
import {
  approvedRun,
  environment,
  forbidden,
  notFound,
  ok,
  paths,
  type RestApi,
  type Route,
  review,
  startRestApi,
  workflowRun,
} from '../../support/servers/github-api.ts';

let api: RestApi;
const run = {
  holder: 'h',
  repository: 'acme/shop',
  runId: '77',
  attempt: 1,
  checkRunId: '9',
  commit: 'abc',
};
const signal = new AbortController().signal;

beforeEach(async () => {
  api = await startRestApi();
  approvedRun(api);
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  expect(api.written).toEqual([]);
});

const facts = (claimed?: string, identity: typeof run = run, deadline = 10_000) =>
  approvalFacts({ apiUrl: api.url, token: 't', signal, deadline }, identity, claimed);

async function word(claimed?: string, identity: typeof run = run, deadline = 10_000): Promise<string> {
  try {
    const verdict = judgeApproval(await facts(claimed, identity, deadline));
    return verdict.type === 'refused' ? verdict.refusal.reason : verdict.approval.state;
  } catch (error) {
    if (error instanceof Fault) return error.reason;
    throw error;
  }
}

test('an approved run: every fact, by reads alone', async () => {
  expect(await facts()).toEqual({
    proven: 'production',
    rules: {
      reviewers: [
        { type: 'User', name: 'alice' },
        { type: 'Team', name: 'release-managers' },
      ],
      preventSelfReview: false,
      adminsMayBypass: true,
      types: ['wait_timer', 'required_reviewers', 'branch_policy'],
    },
    privateRepository: false,
    reviews: [{ state: 'approved', environments: ['production'], user: 'alice', comment: 'Ship it!' }],
    triggeredBy: ['bob', 'bob'],
    startedAttempts: 1,
  });
  expect([...api.asked].sort()).toEqual(
    [paths.checkRun, paths.environment, paths.approvals, paths.run].sort(),
  );
  expect(await word()).toBe('approved');
});

test.each<[string, keyof typeof paths, Route, string]>([
  ['no entry: a bypass', 'approvals', ok([]), 'bypassed'],
  ['no entry, and nobody may bypass', 'approvals', ok([]), 'approval-missing'],
  ['no rules', 'environment', ok({ protection_rules: [] }), 'environment-unprotected'],
  [
    'a wait timer alone',
    'environment',
    ok({ can_admins_bypass: true, protection_rules: [{ id: 2, type: 'wait_timer', wait_timer: 30 }] }),
    'environment-unprotected',
  ],
  [
    'a rule of an unknown type alone',
    'environment',
    ok({ protection_rules: [{ id: 2, type: 'required_robots', robots: 3 }] }),
    'environment-unprotected',
  ],
  [
    'no rules at all in the answer',
    'environment',
    ok({ id: 1, name: 'production' }),
    'environment-unprotected',
  ],
  ['rejected', 'approvals', ok([review('alice', 'rejected')]), 'approval-declined'],
  ['a state of the future', 'approvals', ok([review('alice', 'postponed')]), 'approval-missing'],
  ['a review that still waits', 'approvals', ok([review('alice', 'pending')]), 'approval-missing'],
  [
    'rejected at first, then approved',
    'approvals',
    ok([review('dave', 'rejected'), review('alice')]),
    'approved',
  ],
  [
    'an approval of another environment',
    'approvals',
    ok([{ ...Object(review('alice')), environments: [{ id: 2, name: 'staging' }] }]),
    'bypassed',
  ],
  [
    'an approval of several environments at once',
    'approvals',
    ok([{ ...Object(review('alice')), environments: [{ name: 'staging' }, { name: 'Production' }] }]),
    'approved',
  ],
  ['a team member', 'approvals', ok([review('dave')]), 'approved'],
  ['a reviewer whose account is gone', 'approvals', ok([{ ...Object(review('x')), user: null }]), 'approved'],
  ['self-review', 'run', ok(workflowRun('alice')), 'approved'],
  [
    'a reviewer of an unknown type',
    'environment',
    ok(environment({ reviewers: [{ type: 'App' }] })),
    'approved',
  ],
  ['a rule without reviewers', 'environment', ok(environment({ reviewers: [] })), 'environment-unprotected'],
  ['no such environment', 'environment', notFound, 'environment-missing'],
  ['a job in no environment', 'checkRun', ok({ id: 9, deployment: null }), 'environment-unknown'],
  ['a run without a review history', 'approvals', notFound, 'github-answer-unclear'],
  ['a run that GitHub does not know', 'run', notFound, 'github-answer-unclear'],
  ['a review without environments', 'approvals', ok([{ state: 'approved' }]), 'github-answer-unclear'],
  ['null in the place of the reviews', 'approvals', ok(null), 'github-answer-unclear'],
  ['a captive portal', 'approvals', { status: 200, body: '<html>' }, 'github-answer-unclear'],
  ['403', 'approvals', forbidden, 'github-forbidden'],
  ['401', 'environment', { status: 401, body: { message: 'Bad credentials' } }, 'github-forbidden'],
  [
    '429 for long',
    'run',
    { status: 429, body: {}, headers: { 'retry-after': '900' } },
    'github-rate-limited',
  ],
  [
    '403, nothing remaining',
    'approvals',
    { status: 403, body: {}, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1795480000' } },
    'github-rate-limited',
  ],
  [
    'a secondary rate limit',
    'environment',
    { status: 403, body: { message: 'You have exceeded a secondary rate limit.' } },
    'github-rate-limited',
  ],
  [
    'a limit that asks for an hour',
    'checkRun',
    { status: 403, body: {}, headers: { 'retry-after': '3600' } },
    'github-rate-limited',
  ],
  ['500 for ever', 'run', { status: 500, body: {} }, 'github-unreachable'],
  ['504 for ever', 'checkRun', { status: 504, body: '<html>' }, 'github-unreachable'],
  ['503 for ever', 'environment', { status: 503, body: {} }, 'github-unreachable'],
  ['a broken connection', 'approvals', 'broken', 'github-unreachable'],
])('%s: %s', async (what, path, route, expected) => {
  api.answer(paths[path], route);
  if (what.includes('nobody may bypass'))
    api.answer(paths.environment, ok({ ...Object(environment()), can_admins_bypass: false }));
  expect(await word()).toBe(expected);
});

test.each<[keyof typeof paths]>([['environment'], ['approvals'], ['run'], ['jobs']])(
  'without `actions: read` for %s nothing is believed, and the permission is named',
  async (path) => {
    api.answer(paths[path], forbidden);
    const asking = facts(undefined, { ...run, attempt: 2 });
    await expect(asking).rejects.toMatchObject({
      reason: 'github-forbidden',
      remedy: 'Add `actions: read` to `permissions:` of the job.',
    });
  },
);

test.each([
  ['who started the run', 'alice', 'bob'],
  ['who started this attempt', 'bob', 'alice'],
])('where self-review is forbidden, %s may not approve', async (_, actor, triggering) => {
  const about = {
    ...Object(workflowRun()),
    actor: { login: actor },
    triggering_actor: { login: triggering },
  };
  api.answer(paths.run, ok(about));
  api.answer(paths.environment, ok(environment({ prevent_self_review: true })));
  expect(await word()).toBe('self-approval');
  api.answer(paths.approvals, ok([review('alice'), review('dave')]));
  expect(await word()).toBe('approved');
});

test('a private repository whose plan has no reviewers', async () => {
  api.answer(paths.run, ok({ ...Object(workflowRun()), repository: { id: 8, private: true } }));
  api.answer(paths.environment, ok({ protection_rules: [{ id: 5, type: 'branch_policy' }] }));
  expect(await word()).toBe('reviewers-unavailable');
});

test('silence', async () => {
  api.answer(paths.checkRun, 'silent');
  expect(await word(undefined, run, 300)).toBe('github-unreachable');
});

test('self-review where it is forbidden', async () => {
  api.answer(paths.run, ok(workflowRun('alice')));
  api.answer(paths.environment, ok(environment({ prevent_self_review: true })));
  expect(await word()).toBe('self-approval');
});

test('a refusal names the permission to add', async () => {
  api.answer(paths.approvals, forbidden);
  await expect(facts()).rejects.toMatchObject({ remedy: expect.stringContaining('`actions: read`') });
});

test('a rate limit says until when', async () => {
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1795480000' };
  api.answer(paths.approvals, { status: 403, body: {}, headers });
  await expect(facts()).rejects.toMatchObject({ remedy: expect.stringContaining('2026-11-24T') });
});

test.each<[string, Route]>([
  ['502', { status: 502, body: {} }],
  ['a broken connection', 'broken'],
  ['a short rate limit', { status: 429, body: {}, headers: { 'retry-after': '0' } }],
])('%s once is asked again', async (_, route) => {
  api.answer(paths.approvals, route, ok([review('alice')]));
  expect(await word()).toBe('approved');
});

test('an abort is thrown as it is, not taken for GitHub’s silence', async () => {
  api.answer(paths.checkRun, 'silent');
  const abort = AbortSignal.timeout(100);
  const asking = approvalFacts({ apiUrl: api.url, token: 't', signal: abort }, run, undefined);
  await expect(asking).rejects.not.toBeInstanceOf(Fault);
});

describe('without the check run', () => {
  const log = (job: number) => ok([{ log_url: `https://github.com/acme/shop/actions/runs/77/job/${job}` }]);

  test.each<[string, Route, Route, string | undefined, string]>([
    ['the deployment of this job', ok([{ id: 5, environment: 'production' }]), log(9), undefined, 'approved'],
    [
      'deployments of other jobs',
      ok([{ id: 5, environment: 'production' }]),
      log(19),
      undefined,
      'environment-unknown',
    ],
    ['no deployments', ok([]), log(9), undefined, 'environment-unknown'],
    ['deployments refused too', forbidden, forbidden, undefined, 'github-forbidden'],
    ['deployments refused too, but the input', forbidden, forbidden, 'production', 'approved'],
    [
      'an input that differs',
      ok([{ id: 5, environment: 'production' }]),
      log(9),
      'prod',
      'environment-mismatch',
    ],
  ])('%s', async (_, deployments, statuses, claimed, expected) => {
    api.answer(paths.checkRun, forbidden);
    api.answer(paths.deployments, deployments);
    api.answer(paths.statuses, statuses);
    api.answer('/repos/acme/shop/environments/prod', ok(environment()));
    expect(await word(claimed)).toBe(expected);
  });

  test('an input alone is no bypass', async () => {
    api.answer(paths.checkRun, forbidden);
    api.answer(paths.deployments, forbidden);
    api.answer(paths.approvals, ok([]));
    expect(await word('production')).toBe('github-forbidden');
  });
});

describe('a re-run of a failed job', () => {
  const job = (id: number, attempt: number, more: object = {}) => ({
    id,
    name: 'deploy',
    run_attempt: attempt,
    conclusion: 'failure',
    steps: [{}],
    ...more,
  });
  const second = { ...run, attempt: 2 };

  test.each<[string, readonly object[], readonly string[], string]>([
    ['approved once', [job(4, 1), job(9, 2)], ['alice'], 'bypassed'],
    ['approved twice', [job(4, 1), job(9, 2)], ['alice', 'dave'], 'approved'],
    ['rejected at first', [job(4, 1, { steps: [] }), job(9, 2)], ['alice'], 'approved'],
    ['after another job failed', [job(4, 1, { name: 'test' }), job(9, 2)], ['alice'], 'approved'],
    ['whose name is not known', [], ['alice'], 'bypassed'],
  ])('%s', async (_, jobs, approvers, expected) => {
    api.answer(paths.jobs, ok({ total_count: jobs.length, jobs }));
    api.answer(paths.approvals, ok(approvers.map((login) => review(login))));
    expect(await word(undefined, second)).toBe(expected);
  });

  test('in a run of more jobs than one page has: the strictest count', async () => {
    api.answer(paths.jobs, ok({ total_count: 101, jobs: [job(9, 2)] }));
    expect(await word(undefined, second)).toBe('bypassed');
  });
});

test('without a token nothing is asked', async () => {
  const asking = approvalFacts({ apiUrl: api.url, token: undefined, signal }, run, undefined);
  await expect(asking).rejects.toMatchObject({ reason: 'github-forbidden' });
  expect(api.asked).toEqual([]);
});

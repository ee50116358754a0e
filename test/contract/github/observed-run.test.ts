/** `phase: observe` against a server that answers as GitHub does; observer is job 9 of run 77. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ResultDocument } from '../../../src/domain/result/document.ts';
import { observe } from '../../../src/flow/commands/observe.ts';
import { observedRun } from '../../../src/github/observed-run.ts';
import { renderSummary } from '../../../src/report/summary/summary.ts';
import { flowRun } from '../../support/flow/flow-run.ts';
import {
  forbidden,
  notFound,
  ok,
  paths,
  type RestApi,
  type Route,
  review,
  startRestApi,
} from '../../support/servers/github-api.ts';

let api: RestApi;
const identity = { holder: 'h', repository: 'acme/shop', runId: '77', attempt: 1, checkRunId: '9' };

const job = (id: number, name: string, more: object = {}) => ({
  id,
  run_id: 77,
  run_attempt: 1,
  name,
  status: 'completed',
  conclusion: 'success',
  steps: [{ name: 'Set up job', number: 1 }],
  ...more,
});
const observer = job(9, 'observe', { status: 'in_progress', conclusion: null });
const rejectedJob = job(4, 'deploy', { conclusion: 'failure', steps: [] });
const page = (...jobs: readonly object[]): Route => ok({ total_count: jobs.length, jobs });

beforeEach(async () => {
  api = await startRestApi();
  api.answer(paths.approvals, ok([review('alice', 'rejected')]));
  api.answer(paths.pending, ok([]));
  api.answer(paths.attemptJobs, page(job(3, 'build'), rejectedJob, observer));
  api.answer(paths.rejectedCheckRun, ok({ id: 4, deployment: { id: 5, environment: 'production' } }));
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  expect(api.written).toEqual([]);
});

async function observed(
  githubEnvironment?: string,
  given: Partial<typeof identity> = {},
  deadline = 10_000,
): Promise<ResultDocument> {
  const { run } = flowRun({
    holder: 'h',
    identity: { ...identity, ...given },
    approvals: {
      facts: () => Promise.reject(new Error('An observer is not in the environment.')),
      observed: (of, claimed, signal) =>
        observedRun({ apiUrl: api.url, token: 't', signal, deadline }, of, claimed),
    },
  });
  const settings = githubEnvironment === undefined ? run.settings : { ...run.settings, githubEnvironment };
  return observe({ ...run, settings });
}

test('a rejection: exit code 5, who and why; no cluster is asked', async () => {
  const result = await observed('production');
  expect(result).toMatchObject({
    outcome: 'cancelled',
    exitCode: 5,
    reason: 'approval-declined',
    message: 'alice declined this run for production (“Not on a Friday.”), so job deploy never started.',
    nextSteps: ['Resolve what the reviewer asks for, and start a new run.'],
    phases: [{ phase: 'approval', result: 'failed' }],
  });
  expect(renderSummary(result)).toContain('alice declined this run for production');
  expect([...api.asked].sort()).toEqual(
    [paths.approvals, paths.pending, paths.attemptJobs, paths.rejectedCheckRun].sort(),
  );
});

test('an approval, and the job ran: nothing to report, whether it failed or not', async () => {
  api.answer(paths.approvals, ok([review('alice')]));
  api.answer(paths.attemptJobs, page(job(4, 'deploy', { conclusion: 'failure' }), observer));
  expect(await observed()).toMatchObject({
    outcome: 'succeeded',
    exitCode: 0,
    reason: 'succeeded',
    message: 'alice approved this run, and no environment prevented a job from starting.',
    phases: [{ phase: 'approval', result: 'passed' }],
  });
});

test.each<[string, readonly [keyof typeof paths, Route][], string]>([
  ['check runs may not be read', [['rejectedCheckRun', forbidden]], 'approval-declined'],
  ['GitHub knows no such check run', [['rejectedCheckRun', notFound]], 'approval-declined'],
  ['no deployment is shown', [['rejectedCheckRun', ok({ id: 4, deployment: null })]], 'approval-declined'],
  [
    'the job was of another environment, but this was declined',
    [['attemptJobs', page(observer)]],
    'approval-declined',
  ],
  ['a rule let it not pass', [['approvals', ok([])]], 'approval-missing'],
  [
    'it was of another environment',
    [
      ['approvals', ok([])],
      ['rejectedCheckRun', ok({ id: 4, deployment: { id: 5, environment: 'staging' } })],
    ],
    'succeeded',
  ],
  [
    'it still waits',
    [
      ['approvals', ok([])],
      ['pending', ok([{ environment: { id: 1, name: 'production' }, wait_timer: 30, reviewers: [] }])],
    ],
    'approval-missing',
  ],
  [
    'a next run cancelled it',
    [
      ['approvals', ok([])],
      ['attemptJobs', page(job(4, 'deploy', { conclusion: 'cancelled', steps: [] }), observer)],
    ],
    'cancelled',
  ],
  [
    'words of the future',
    [
      ['approvals', ok([review('alice', 'postponed')])],
      [
        'attemptJobs',
        page(job(4, 'deploy', { status: 'dreaming', conclusion: 'lucid' }), job(3, 'build'), observer),
      ],
    ],
    'approval-missing',
  ],
  [
    'no other job',
    [
      ['approvals', ok([])],
      ['attemptJobs', page(observer)],
    ],
    'github-answer-unclear',
  ],
  ['reviews may not be read', [['approvals', forbidden]], 'github-forbidden'],
  ['waiting environments may not be read', [['pending', forbidden]], 'github-forbidden'],
  ['jobs may not be read', [['attemptJobs', forbidden]], 'github-forbidden'],
  ['no review history', [['approvals', notFound]], 'github-answer-unclear'],
  ['no list of waiting environments', [['pending', notFound]], 'github-answer-unclear'],
  ['no list of jobs', [['attemptJobs', notFound]], 'github-answer-unclear'],
  [
    'a list of jobs that is cut',
    [['attemptJobs', ok({ total_count: 3, jobs: [] })]],
    'github-answer-unclear',
  ],
  ['a captive portal', [['pending', { status: 200, body: '<html>' }]], 'github-answer-unclear'],
  [
    'a rate limit',
    [['approvals', { status: 403, body: {}, headers: { 'x-ratelimit-remaining': '0' } }]],
    'github-rate-limited',
  ],
  ['503 for ever', [['attemptJobs', { status: 503, body: {} }]], 'github-unreachable'],
  ['503 for the check run', [['rejectedCheckRun', { status: 503, body: {} }]], 'github-unreachable'],
  ['a broken connection', [['approvals', 'broken']], 'github-unreachable'],
])('%s: %s', async (_, routes, reason) => {
  for (const [path, route] of routes) api.answer(paths[path], route);
  const result = await observed('production');
  expect(result).toMatchObject({ reason, exitCode: reason === 'succeeded' ? 0 : 5 });
  expect(result.outcome).toBe(reason === 'succeeded' ? 'succeeded' : 'cancelled');
});

test('silence is not called an approval', async () => {
  api.answer(paths.approvals, 'silent');
  expect(await observed(undefined, {}, 200)).toMatchObject({ exitCode: 5, reason: 'github-unreachable' });
});

test('jobs on a second page are seen', async () => {
  const first = Array.from({ length: 100 }, (_, index) => job(100 + index, `matrix ${index}`));
  api.answer(
    paths.attemptJobs,
    ok({ total_count: 102, jobs: first }),
    ok({ total_count: 102, jobs: [rejectedJob, observer] }),
  );
  expect(await observed()).toMatchObject({ exitCode: 5, reason: 'approval-declined' });
  expect(api.asked.filter((path) => path === paths.attemptJobs)).toHaveLength(2);
});

test('a rejection of the first attempt does not count for the second, which was approved and ran', async () => {
  api.answer(paths.approvals, ok([review('alice', 'rejected'), review('alice')]));
  api.answer('/repos/acme/shop/actions/runs/77/attempts/2/jobs', page(job(6, 'deploy'), observer));
  expect(await observed('production', { attempt: 2 })).toMatchObject({ exitCode: 0, reason: 'succeeded' });
});

test('outside GitHub Actions there is nothing to observe', async () => {
  const { run } = flowRun({
    holder: 'h',
    approvals: {
      facts: () => Promise.reject(new Error('not asked')),
      observed: (of, claimed, signal) => observedRun({ apiUrl: api.url, token: 't', signal }, of, claimed),
    },
  });
  expect(await observe(run)).toMatchObject({ exitCode: 5, reason: 'environment-unknown' });
});

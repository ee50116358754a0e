import { expect, test } from 'vitest';
import { readIdentity, readWorkplace } from '../../../src/runner/environment.ts';

const github = {
  GITHUB_REPOSITORY: 'acme/shop',
  GITHUB_RUN_ID: '77',
  GITHUB_RUN_ATTEMPT: '2',
  GITHUB_JOB: 'deploy',
  GITHUB_SERVER_URL: 'https://github.test',
  GITHUB_ACTOR: 'starter',
  GITHUB_TRIGGERING_ACTOR: 'rerunner',
  GITHUB_SHA: 'abc',
};

test('who runs this, as GitHub tells it', () => {
  expect(readIdentity(github, '9', 'unique')).toEqual({
    holder: 'acme/shop/77/2/deploy/unique',
    repository: 'acme/shop',
    runId: '77',
    attempt: 2,
    job: 'deploy',
    checkRunId: '9',
    actor: 'rerunner',
    commit: 'abc',
    server: 'https://github.test',
    runUrl: 'https://github.test/acme/shop/actions/runs/77',
  });
});

test('two processes are two holders; two jobs without an id are not the same job', () => {
  const [one, other] = [readIdentity(github, '', 'a'), readIdentity(github, '', 'b')];
  expect(one.holder).not.toBe(other.holder);
  expect(one).not.toHaveProperty('checkRunId');
});

test('outside of GitHub only the holder is known', () => {
  expect(readIdentity({}, undefined, 'x')).toEqual({ holder: 'local/run/1/job/x' });
  expect(readIdentity({ GITHUB_RUN_ATTEMPT: 'two' }, undefined, 'x')).not.toHaveProperty('attempt');
});

test('where it runs', () => {
  const env = { ...github, GITHUB_WORKSPACE: '/w', RUNNER_TEMP: '/t', HOME: '/h', GITHUB_STEP_SUMMARY: '/s' };
  expect(readWorkplace(env)).toEqual({
    workspace: '/w',
    temporary: '/t',
    home: '/h',
    repositoryName: 'shop',
    summaryFile: '/s',
    colour: true,
  });
  expect(readWorkplace({ NO_COLOR: '1' })).toMatchObject({ colour: false, repositoryName: undefined });
  expect(readWorkplace({ NO_COLOR: '' })).toMatchObject({ colour: true });
});

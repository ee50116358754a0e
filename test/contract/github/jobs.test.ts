import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { jobState } from '../../../src/github/jobs.ts';

/** Answers as GitHub's REST API documents it, "Get a job for a workflow run" and "Get a workflow run attempt". */
let server: Server;
let apiUrl: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let asked: { url: string | undefined; authorization: string | undefined }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push({ url: request.url, authorization: request.headers.authorization });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  asked = [];
});

const json = (status: number, body: unknown) => (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
};
const run = { holder: 'h', repository: 'acme/shop', runId: '77', attempt: 2, checkRunId: '9' };
const access = () => ({ apiUrl, token: 'token-for-tests', deadline: 2000 });

test.each([
  ['completed', 'completed'],
  ['in_progress', 'running'],
  ['queued', 'running'],
  ['waiting', 'running'],
  ['a word of the future', 'running'],
  [null, 'unknown'],
  [undefined, 'unknown'],
])('a job whose status is %s is %s', async (status, expected) => {
  answer = json(200, { id: 9, run_id: 77, status, conclusion: status === 'completed' ? 'failure' : null });
  expect(await jobState(access(), run)).toBe(expected);
  expect(asked).toEqual([{ url: '/repos/acme/shop/actions/jobs/9', authorization: 'token token-for-tests' }]);
});

test.each([
  ['completed', 'completed'],
  // The attempt goes on although an earlier job of it may be dead.
  ['in_progress', 'unknown'],
])('without the job’s id, an attempt whose status is %s says %s', async (status, expected) => {
  answer = json(200, { id: 77, run_attempt: 2, status });
  const { checkRunId: _id, ...withoutId } = run;
  expect(await jobState(access(), withoutId)).toBe(expected);
  expect(asked.map(({ url }) => url)).toEqual(['/repos/acme/shop/actions/runs/77/attempts/2']);
});

test.each([401, 403, 404, 429, 500, 503])('%s is no answer', async (status) => {
  answer = json(status, {
    message: 'no',
    documentation_url: 'https://docs.github.com/rest',
    status: `${status}`,
  });
  expect(await jobState(access(), run)).toBe('unknown');
});

test('an answer that is no JSON is none', async () => {
  answer = (_, response) => response.end('<html>captive portal</html>');
  expect(await jobState(access(), run)).toBe('unknown');
});

test('a connection that breaks is no answer', async () => {
  answer = (request) => request.socket.destroy();
  expect(await jobState(access(), run)).toBe('unknown');
});

test('an API that never answers is not waited for beyond the deadline', async () => {
  answer = () => undefined;
  expect(await jobState({ ...access(), deadline: 200 }, run)).toBe('unknown');
  expect(asked).toHaveLength(1);
});

test.each([
  ['a token', { token: undefined }, {}],
  ['a repository', {}, { repository: undefined }],
  ['a run', {}, { runId: undefined }],
])('without %s nothing is asked', async (_, missing, lost) => {
  const identity = Object.fromEntries(
    Object.entries({ ...run, ...lost }).filter(([, value]) => value !== undefined),
  );
  expect(await jobState({ ...access(), ...missing }, { holder: 'h', ...identity })).toBe('unknown');
  expect(asked).toEqual([]);
});

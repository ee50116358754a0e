import { expect, test } from 'vitest';
import type { AnswerExpectations } from '../../../../../src/domain/smoke/configuration.ts';
import { judgeAnswer } from '../../../../../src/domain/smoke/http/expectations.ts';
import type { HttpAnswer } from '../../../../../src/domain/smoke/http/http-answer.ts';

const now = Date.UTC(2026, 10, 24);
const tls = { subject: '', issuer: '', validFrom: 0, validTo: now + 10 * 86_400_000, authorized: true };
const judge = (answer: Partial<HttpAnswer>, expected: AnswerExpectations = {}) =>
  judgeAnswer('It', { headers: {}, body: '', milliseconds: 1, ...answer }, expected, now);

test.each<[string, Partial<HttpAnswer>, AnswerExpectations?]>([
  ['200', { status: 200 }],
  ['399', { status: 399 }],
  ['a status that is expected', { status: 401 }, { status: [401, 403] }],
  ['a class', { status: 204 }, { status: ['2xx'] }],
  [
    'a header, whatever the case of its name',
    { status: 200, headers: { 'x-a': ['1', '2'] } },
    { headers: { 'X-A': '2' } },
  ],
  [
    'a header by pattern',
    { status: 200, headers: { 'content-type': ['text/html; charset=utf-8'] } },
    { headers: { 'content-type': '/^text/' } },
  ],
  ['a JSON path', { status: 200, body: '{"a":[{"b":true}]}' }, { json: { '$.a[0].b': true } }],
  ['a body', { status: 200, body: 'shop 1.2' }, { body: '^shop \\d' }],
  ['a body that says well', { status: 200, body: '{"status":"UP","healthy":true}' }],
  [
    'a word further down, of something else',
    { status: 200, body: '{"status":"up","last":{"status":"error"}}' },
  ],
  ['a list', { status: 200, body: '[{"status":"down"}]' }],
  ['no JSON', { status: 200, body: 'status: down' }],
  ['a certificate for long enough', { status: 200, tls }, { tlsDays: 10 }],
])('%s passes', (_, answer, expected) => {
  expect(judge(answer, expected)).toMatchObject({
    outcome: 'passed',
    message: `It answered ${answer.status}.`,
  });
});

test.each<[string, Partial<HttpAnswer>, AnswerExpectations, string, string]>([
  [
    '503',
    { status: 503, body: 'no database' },
    {},
    'status-unexpected',
    'It answered 503 instead of 200 to 399.',
  ],
  ['400', { status: 400 }, {}, 'status-unexpected', 'It answered 400 instead of 200 to 399.'],
  [
    'a status beside',
    { status: 200 },
    { status: [204, '3xx'] },
    'status-unexpected',
    'It answered 200 instead of 204 or 3xx.',
  ],
  [
    'no header',
    { status: 200 },
    { headers: { 'X-A': '1' } },
    'header-unexpected',
    'It has not 1 in its header X-A, which has none.',
  ],
  [
    'JSON that is none',
    { status: 200, body: '<p>' },
    { json: { '$.a': 1 } },
    'body-unexpected',
    'It did not answer with JSON.',
  ],
  [
    'another value',
    { status: 200, body: '{"a":2}' },
    { json: { '$.a': 1 } },
    'body-unexpected',
    'It answered with a $.a that is 2 instead of 1.',
  ],
  [
    'no value',
    { status: 200, body: '{}' },
    { json: { '$.a': 1 } },
    'body-unexpected',
    'It answered with a $.a that is not there instead of 1.',
  ],
  [
    'another body',
    { status: 200, body: 'b' },
    { body: '^a' },
    'body-unexpected',
    'It answered with a body that does not match ^a.',
  ],
  [
    'a lie',
    { status: 200, body: '{"status":"down"}' },
    {},
    'says-unhealthy',
    'It answered 200, but its body says status: down.',
  ],
  [
    'a flag',
    { status: 200, body: '{"healthy":false}' },
    {},
    'says-unhealthy',
    'It answered 200, but its body says healthy: false.',
  ],
  [
    'a certificate that ends soon',
    { status: 200, tls },
    { tlsDays: 11 },
    'tls-expired',
    'It presented a TLS certificate that expires on 2026-12-04, in less than 11 days.',
  ],
  [
    'no answer',
    { error: { kind: 'refused', message: 'connect ECONNREFUSED' } },
    {},
    'connection-refused',
    'It refused the connection: nothing listens on this port (connect ECONNREFUSED).',
  ],
])('%s fails', (_, answer, expected, reason, message) => {
  const judgement = judge(answer, expected);
  expect(judgement).toMatchObject({ outcome: 'failed', reason, message });
  expect(judgement.remedy).not.toBe('');
});

test('of a wrong body 200 characters are kept', () => {
  expect(judge({ status: 500, body: 'x'.repeat(1000) }).body).toBe('x'.repeat(200));
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of journeys are written so
import { describe, expect, test } from 'vitest';
import type { Capture, ConfiguredStep } from '../../../../../src/domain/smoke/configuration.ts';
import type { HttpAnswer } from '../../../../../src/domain/smoke/http/http-answer.ts';
import {
  capturedOf,
  cookiesAfter,
  expanded,
  judgeStep,
  placeholdersIn,
  withCookies,
} from '../../../../../src/domain/smoke/journeys/journeys.ts';

const step: ConfiguredStep = {
  service: 'gateway',
  method: 'GET',
  path: '/',
  requestHeaders: {},
  expect: {},
  capture: {},
};
const answer = (more: Partial<HttpAnswer>): HttpAnswer => ({
  status: 200,
  headers: {},
  body: '',
  milliseconds: 1,
  ...more,
});

describe('placeholders', () => {
  const values = { id: '../a b/ü?&#', token: 'a.b"c\\', user: 'a&b=c' };
  test.each<[string, Partial<ConfiguredStep>, object]>([
    [
      'are percent-encoded in a path and its query',
      { path: '/orders/${id}?q=${id}' },
      { path: '/orders/..%2Fa%20b%2F%C3%BC%3F%26%23?q=..%2Fa%20b%2F%C3%BC%3F%26%23' },
    ],
    [
      'are as they are in headers',
      { requestHeaders: { authorization: 'Bearer ${token}' } },
      { headers: { authorization: 'Bearer a.b"c\\' } },
    ],
    [
      'are JSON inside of JSON, and only in its values',
      { requestBody: { '${id}': ['${token}', 7, null] } },
      {
        body: '{"${id}":["a.b\\"c\\\\",7,null]}',
        headers: { 'content-type': 'application/json' },
      },
    ],
    ['are as they are in a text', { requestBody: 'user=${user}' }, { body: 'user=a&b=c', headers: {} }],
    [
      'are encoded in a form',
      {
        requestBody: 'user=${user}',
        requestHeaders: { 'Content-Type': 'application/x-www-form-urlencoded' },
      },
      { body: 'user=a%26b%3Dc' },
    ],
    [
      'leave the content type alone that is given',
      { requestBody: { a: 1 }, requestHeaders: { 'Content-Type': 'application/vnd.api+json' } },
      { headers: { 'Content-Type': 'application/vnd.api+json' } },
    ],
  ])('%s', (_, more, request) => {
    expect(expanded({ ...step, ...more }, values).request).toMatchObject(request);
  });

  test('stand for themselves in expectations, also in patterns', () => {
    const wanted = {
      headers: { 'x-id': '${token}', 'x-like': '/^${token}$/' },
      json: { '$.a': '${id}', '$.b': true },
      body: 'is ${token}',
    };
    const { expect: filled } = expanded({ ...step, expect: wanted }, values);
    expect(filled).toMatchObject({
      headers: { 'x-id': 'a.b"c\\' },
      json: { '$.a': '../a b/ü?&#', '$.b': true },
    });
    expect(new RegExp(filled.body ?? '').test('is a.b"c\\')).toBe(true);
    expect(new RegExp(filled.body ?? '').test('is aXb"c\\')).toBe(false);
    expect(new RegExp(filled.headers?.['x-like']?.slice(1, -1) ?? '').test('a.b"c\\')).toBe(true);
  });

  test('do not stand in one another', () => {
    const { request } = expanded({ ...step, path: '/${one}' }, { one: '${two}', two: 'x' });
    expect(request.path).toBe('/%24%7Btwo%7D');
  });

  test('are found wherever they stand', () => {
    const found = placeholdersIn({
      ...step,
      path: '/${a}',
      requestHeaders: { x: '${b}' },
      requestBody: { y: ['${c}'] },
      expect: { headers: { z: '/${d}/' }, json: { '$.e': '${e}' }, body: '${f}${a}' },
    });
    expect([...found].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });
});

test.each<[string, Capture, Partial<HttpAnswer>, string | undefined]>([
  ['a text by JSON path', { json: '$.token' }, { body: '{"token":"abc"}' }, 'abc'],
  ['a number', { json: '$.a[0].id' }, { body: '{"a":[{"id":17}]}' }, '17'],
  ['no object', { json: '$.a' }, { body: '{"a":{}}' }, undefined],
  ['nothing that is null', { json: '$.a' }, { body: '{"a":null}' }, undefined],
  ['nothing of what is no JSON', { json: '$.a' }, { body: 'sorry' }, undefined],
  ['a header, whatever its case', { header: 'X-Token' }, { headers: { 'x-token': ['abc'] } }, 'abc'],
  ['no header that is not there', { header: 'x-token' }, {}, undefined],
  [
    'a part of a header by the group of a pattern',
    { header: 'location', pattern: '/orders/(\\d+)' },
    { headers: { location: ['/orders/42?new'] } },
    '42',
  ],
  ['what a pattern without group matches', { json: '$.a', pattern: '\\d+' }, { body: '{"a":"n17"}' }, '17'],
  ['nothing that does not match', { json: '$.a', pattern: '\\d+' }, { body: '{"a":"n"}' }, undefined],
])('captures %s', (_, capture, more, value) => {
  const found = capturedOf({ it: capture }, answer(more));
  expect(found).toEqual(
    value === undefined ? { values: {}, missing: ['it'] } : { values: { it: value }, missing: [] },
  );
});

describe('a step', () => {
  const given = { expect: {}, missing: [], secrets: [], now: 0 };
  const capture = { token: { json: '$.token' } };

  test('fails like an endpoint', () => {
    expect(judgeStep('Step 2', step, answer({ status: 503, body: 'lost' }), given)).toMatchObject({
      outcome: 'failed',
      reason: 'status-unexpected',
      message: 'Step 2 answered 503 instead of 200 to 399.',
      body: 'lost',
    });
  });

  test('never shows the body of which something is captured', () => {
    const judged = judgeStep('Step 1', { capture }, answer({ status: 503, body: '{"tokn":"abc"}' }), given);
    expect(judged.outcome).toBe('failed');
    expect(JSON.stringify(judged)).not.toContain('abc');
  });

  test('fails when later steps miss what it should have brought', () => {
    const missing = { ...given, missing: ['token'] };
    expect(judgeStep('Step 1', { capture }, answer({}), missing)).toMatchObject({
      outcome: 'failed',
      reason: 'body-unexpected',
      message: 'Step 1 answered without the $.token that later steps need as token.',
    });
    const header = { token: { header: 'x-token', pattern: 'a+' } };
    expect(judgeStep('Step 1', { capture: header }, answer({}), missing)).toMatchObject({
      reason: 'header-unexpected',
      message: 'Step 1 answered without the header x-token that matches a+ that later steps need as token.',
    });
  });

  test('blots captured values out of a later body, short ones too, the longest first', () => {
    const { body } = judgeStep('Step 2', step, answer({ status: 404, body: 'no 1234 for 12' }), {
      ...given,
      secrets: ['12', '', '1234'],
    });
    expect(body).toBe('no *** for ***');
  });

  test('quotes no captured value, although it is too short to be masked everywhere', () => {
    const wanted = { ...given, expect: { json: { '$.id': 'a1b2' } }, secrets: ['a1b2', 'c3d4'] };
    expect(judgeStep('Step a1b2', step, answer({ body: '{"id":"c3d4"}' }), wanted).message).toBe(
      'Step a1b2 answered with a $.id that is "***" instead of "***".',
    );
  });
});

describe('cookies', () => {
  const now = Date.UTC(2026, 10, 28);
  const set = (...lines: readonly string[]) => answer({ headers: { 'set-cookie': lines } });

  test('are kept, replaced and ended', () => {
    const first = cookiesAfter(
      new Map(),
      set('session=a=b; Path=/; HttpOnly', 'theme=dark', '=none', 'none'),
      now,
    );
    expect([...first]).toEqual([
      ['session', 'a=b'],
      ['theme', 'dark'],
    ]);
    const second = cookiesAfter(
      first,
      set(
        'session=c; Expires=Sat, 27 Nov 2027 00:00:00 GMT',
        'theme=; Max-Age=0',
        'x=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
      ),
      now,
    );
    expect([...second]).toEqual([['session', 'c']]);
  });

  test('are sent back, unless the step has a Cookie header of its own', () => {
    const cookies = new Map([
      ['session', 'a'],
      ['theme', 'dark'],
    ]);
    const request = { method: 'GET', path: '/', headers: { accept: '*/*' } };
    expect(withCookies(request, cookies).headers).toEqual({ accept: '*/*', cookie: 'session=a; theme=dark' });
    expect(withCookies({ ...request, headers: { Cookie: 'x=1' } }, cookies).headers).toEqual({
      Cookie: 'x=1',
    });
    expect(withCookies(request, new Map())).toEqual(request);
  });
});

import { describe, expect, test } from 'vitest';
import { curlFiles, type InsideCall, readAnswers } from '../../../src/cluster/cluster-job-curl.ts';

const boundary = 'b0undary';
const call: InsideCall = {
  scheme: 'http',
  host: 'auth',
  port: 80,
  verify: true,
  method: 'GET',
  path: '/health',
  deadline: 1500,
};

describe('the configuration of curl', () => {
  test.each([
    ['value', { 'x-one': 'a\r\nx-two: b' }],
    ['value', { 'x-one': 'a\nurl = "http://evil"' }],
    ['name', { 'x-one\r\nx-two': 'a' }],
    ['name', { '@/etc/passwd': '' }],
  ])('refuses a header whose %s would be more than one: %j', (_, headers) => {
    expect(() => curlFiles([{ ...call, headers }], boundary)).toThrow(/The header .* has a line break/);
  });

  test('keeps each value on its line', () => {
    const path = '/"\\\nurl = "http://evil"';
    const { calls = '' } = curlFiles([{ ...call, path }], boundary);
    const urls = calls.split('\n').filter((line) => line.startsWith('url'));
    expect(urls).toEqual(['url = "http://auth:80/\\"\\\\\\nurl = \\"http://evil\\""']);
  });
});

describe('what curl printed', () => {
  const whole = [
    `${boundary} call 0 200 0 0.012 `,
    `${boundary} headers 0`,
    '{"content-type":["text/plain"]}',
    '',
    `${boundary} call 1 000 28 1.500 Operation timed out after 1500 milliseconds`,
    `${boundary} headers 1`,
    '{}',
    '',
    `${boundary} body 0`,
    'fine',
    'other call 1 200 0 0.001',
    `${boundary} over`,
  ].join('\n');

  test('is one answer per call, whatever bodies say', () => {
    expect(readAnswers(whole, boundary, 3)).toEqual([
      {
        status: 200,
        headers: { 'content-type': ['text/plain'] },
        body: 'fine\nother call 1 200 0 0.001',
        milliseconds: 12,
      },
      {
        headers: {},
        body: '',
        milliseconds: 1500,
        error: { kind: 'timeout', message: 'curl: (28) Operation timed out after 1500 milliseconds' },
      },
      { headers: {}, body: '', milliseconds: 0, error: expect.objectContaining({ kind: 'other' }) },
    ]);
  });

  test('is whole although curl said something of its own after the end', () => {
    const meter = '--  --      0     0     2     2  --:--:-- --:--:-- --:--:--     0';
    expect(readAnswers(`${whole}\n${meter}\n`, boundary, 2)).toEqual(readAnswers(whole, boundary, 2));
    expect(curlFiles([], boundary)['calls']).toMatch(/^no-progress-meter$/m);
  });

  test('is nothing before its end has come', () => {
    expect(readAnswers(whole.replace(`${boundary} over`, ''), boundary, 2)).toBeUndefined();
  });

  test.each([
    [6, 'Could not resolve host: nobdoy', 'dns'],
    [7, 'Failed to connect to auth port 80: Connection refused', 'refused'],
    [7, 'Failed to connect to auth port 80: No route to host', 'unreachable'],
    [52, 'Empty reply from server', 'reset'],
    [60, 'SSL certificate problem: certificate has expired', 'tls-expired'],
    [60, "SSL: no alternative certificate subject name matches target host name 'auth'", 'tls-name'],
    [60, 'SSL certificate problem: self-signed certificate', 'tls-untrusted'],
    [35, 'error:0A00010B:SSL routines::wrong version number', 'tls-failed'],
  ])('exit %i, %s: %s', (exit, words, kind) => {
    const log = `${boundary} call 0 000 ${exit} 0.1 ${words}\n${boundary} headers 0\n{}\n${boundary} over`;
    expect(readAnswers(log, boundary, 1)?.[0]?.error?.kind).toBe(kind);
  });
});

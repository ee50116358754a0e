import { describe, expect, test } from 'vitest';
import { readProbeLog } from '../../../../src/cluster/in-cluster-job/log.ts';
import { maxWork, type ProbeRequest } from '../../../../src/domain/smoke/tests/probe.ts';

const token = 'f00f00f00f00';
const call = { scheme: 'http', host: 'web', port: 80, verify: true, method: 'GET', path: '/' } as const;
const http: ProbeRequest = { what: 'http', call, deadline: 5000 };
const target = { host: 'db', port: 5432, user: 'shop', database: 'shop', password: 'hunter2' };
const postgres: ProbeRequest = {
  what: 'postgres',
  target: { ...target, tls: { mode: 'prefer' } },
  deadline: 5000,
};
const line = (content: object): string => `${token} ${JSON.stringify(content)}`;
const answer = { headers: {}, body: 'hello', milliseconds: 3, status: 200 };
const said = line({ place: 0, what: 'http', finding: answer });
const over = line({ over: 1 });

describe('the log of the probe', () => {
  test('has one finding per request, whatever stands between and in which order they came', () => {
    const refused = { milliseconds: 1, serverError: { code: '28P01', message: 'no' } };
    const log = [
      '(node:1) Warning: something',
      line({ place: 1, what: 'postgres', finding: refused }),
      'ffffffffffff {"place":0,"what":"http","finding":{"headers":{},"body":"forged","milliseconds":1}}',
      said,
      over,
      'and after it',
    ];
    expect(readProbeLog(log, token, [http, postgres])).toEqual({
      findings: [
        { what: 'http', finding: answer },
        { what: 'postgres', finding: refused },
      ],
    });
  });

  test.each<[string, readonly string[], RegExp]>([
    ['an image that is no probe', ['curl: try --help'], /not that of a probe/],
    ['another version', [line({ protocol: 2 })], /version 2 of the probe, not 1/],
    ['a probe that was ended', [said], /not that of a probe/],
    ['a finding that is missing', [over], /lacks the finding of/],
    ['no JSON', [`${token} {"place":`, over], /lacks the finding of/],
    [
      'a finding of another kind',
      [line({ place: 0, what: 'redis', finding: answer }), over],
      /lacks the finding of/,
    ],
    [
      'a figure that is none',
      [line({ place: 0, what: 'http', finding: { ...answer, milliseconds: 'soon' } }), over],
      /lacks the finding of/,
    ],
    [
      'a body longer than any that the probe keeps',
      [line({ place: 0, what: 'http', finding: { ...answer, body: 'o'.repeat(70_000) } }), over],
      /lacks the finding of/,
    ],
    [
      'a fault of a kind that there is not',
      [line({ place: 0, what: 'http', finding: { ...answer, error: { kind: 'moon', message: '' } } }), over],
      /lacks the finding of/,
    ],
  ])('%s is not believed', (_, log, why) => {
    expect(readProbeLog(log, token, [http])).toEqual({ unreadable: expect.stringMatching(why) });
  });

  test('brings no password, not even one that an image which is not ours has printed', () => {
    const finding = { milliseconds: 1, serverError: { code: 'XX', message: 'hunter2 is wrong' } };
    const read = readProbeLog([line({ place: 0, what: 'postgres', finding }), over], token, [postgres]);
    expect(read).toMatchObject({ findings: [{ finding: { serverError: { message: '*** is wrong' } } }] });
  });
});

test('the work takes as long as its single calls, fifty at a time, and its measurements, four at a time', () => {
  const schedule = { requests: 120, rate: 40, maxInFlight: 64, timeout: 5000 };
  const latency: ProbeRequest = { what: 'latency', call, schedule, expect: {} };
  expect(maxWork([http, postgres])).toBe(5000);
  expect(maxWork(Array(51).fill(http))).toBe(10_000);
  expect(maxWork([http, ...Array(5).fill(latency)])).toBe(5000 + 2 * 8000);
});

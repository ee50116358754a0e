import { expect, test } from 'vitest';
import { baselineOf, compared, recordedLatencies } from '../../../../../src/domain/smoke/latency/baseline.ts';
import type { LatencyReport, SmokeReport } from '../../../../../src/domain/smoke/report.ts';

function report(id: string, latency?: Partial<LatencyReport>): SmokeReport {
  const measured = {
    requests: 120,
    errors: 0,
    rate: 40,
    errorRate: { value: 0 },
    threshold: 1000,
    ...latency,
  };
  return {
    id,
    subject: 'auth',
    kind: latency === undefined ? 'health' : 'latency',
    outcome: 'passed',
    message: '',
    attempts: 1,
    startedAt: 0,
    finishedAt: 1,
    address: '',
    objects: [],
    ...(latency === undefined ? {} : { latency: measured }),
  };
}
const id = 'auth/latency/GET http:8080/ready';
const latencies = [{ id, requests: 120, p50: 1, p95: 38.2 }];

test('a record keeps quantiles in tenths of a millisecond, and nothing where nothing was measured', () => {
  const measured = report(id, { p50: { value: 1.2345 }, p95: { value: 38.249, low: 1, high: 2 } });
  expect(recordedLatencies([report('auth/pods'), measured])).toEqual([
    { id, requests: 120, p50: 1.2, p95: 38.2 },
  ]);
  expect(recordedLatencies([report('auth/pods')])).toBeUndefined();
  expect(recordedLatencies(Array.from({ length: 300 }, (_, n) => report(`${n}`, {})))).toHaveLength(100);
});

test('the baseline is that of the newest deployed release that measured, and is not our own', () => {
  const releases = [
    { name: 'orion-shop-5', head: { status: 'pending', latencies } as const },
    { name: 'orion-shop-4', head: { status: 'failed', latencies } as const },
    { name: 'orion-shop-3', head: { status: 'deployed' } as const },
    { name: 'orion-shop-2', head: { status: 'deployed', latencies } as const },
    { name: 'orion-shop-1', head: { status: 'deployed', latencies: [] } as const },
  ];
  expect(baselineOf(releases, 'orion-shop-5')).toEqual({ release: 'orion-shop-2', latencies });
  expect(baselineOf(releases, 'orion-shop-2')).toEqual({ release: 'orion-shop-1', latencies: [] });
  expect(baselineOf([], undefined)).toBeUndefined();
});

test('what was measured before stands beside what is now, and changes no outcome', () => {
  const now = [report(id, { p95: { value: 41 } }), report('user/latency/x', {}), report('auth/pods')];
  const [auth, user, pods] = compared(now, { release: 'orion-shop-2', latencies });
  expect(auth).toMatchObject({
    outcome: 'passed',
    latency: { before: { release: 'orion-shop-2', p95: 38.2 } },
  });
  expect(user?.latency).not.toHaveProperty('before');
  expect(pods).toBe(now[2]);
  expect(compared(now, undefined)).toBe(now);
});

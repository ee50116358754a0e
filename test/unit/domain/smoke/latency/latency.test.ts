import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  judgeLatency,
  type LatencySample,
  latencyReport,
  quantileRanks,
  samplesNeeded,
  shareOf,
} from '../../../../../src/domain/smoke/latency/latency.ts';
import { failureIn, isKeptOut } from '../../../../../src/domain/smoke/latency/latency-failures.ts';

const terms = { rate: 50, threshold: 1000 };
const answers = (...milliseconds: readonly number[]): LatencySample[] =>
  milliseconds.map((one) => ({ milliseconds: one, ok: true, lag: 0 }));
const many = (amount: number, milliseconds: number): number[] => Array(amount).fill(milliseconds);
const failures = (amount: number, milliseconds = 1): LatencySample[] =>
  many(amount, milliseconds).map((one) => ({ milliseconds: one, ok: false, lag: 0 }));
const judged = (samples: readonly LatencySample[]) => judgeLatency(latencyReport({ samples }, terms));

describe('ranks of a quantile', () => {
  // Computed with exact fractions (Python's `fractions` and `math.comb`), not with the code under test.
  it.each([
    [10, 0.5, { low: 2, high: 9 }],
    [100, 0.5, { low: 40, high: 61 }],
    [5, 0.5, {}],
    [6, 0.5, { low: 1, high: 6 }],
    [71, 0.95, { low: 63 }],
    [72, 0.95, { low: 64, high: 72 }],
    [100, 0.95, { low: 90, high: 100 }],
    [367, 0.99, { low: 359 }],
    [368, 0.99, { low: 360, high: 368 }],
  ])('%d samples, quantile %d', (samples, quantile, expected) => {
    expect(quantileRanks(samples, quantile)).toEqual(expected);
  });

  it('has an upper end exactly from as many samples on as are said to be needed', () => {
    for (const quantile of [0.5, 0.95, 0.99]) {
      const needed = samplesNeeded(quantile);
      expect(quantileRanks(needed, quantile).high).toBe(needed);
      expect(quantileRanks(needed - 1, quantile).high).toBeUndefined();
    }
    expect([0.5, 0.95, 0.99].map(samplesNeeded)).toEqual([6, 72, 368]);
  });

  it('still works for a hundred thousand samples, where powers underflow', () => {
    const { low = 0, high = 0 } = quantileRanks(100_000, 0.5);
    // 0.5 n ± 1.96 √(n/4)
    expect(Math.abs(low - 49_690)).toBeLessThanOrEqual(1);
    expect(Math.abs(high - 50_311)).toBeLessThanOrEqual(1);
  });

  it('covers the true quantile in at least 95 % of samples (exponential distribution, 2,000 times)', () => {
    // A linear congruential generator: the same figures in every run.
    let state = 42;
    const random = (): number => {
      state = (state * 1664525 + 1013904223) % 2 ** 32;
      return (state + 0.5) / 2 ** 32;
    };
    const truth = -Math.log(0.05);
    let covered = 0;
    for (let run = 0; run < 2000; run += 1) {
      const samples = answers(...Array.from({ length: 200 }, () => -Math.log(random())));
      const { p95 } = latencyReport({ samples }, terms);
      if ((p95?.low ?? 0) <= truth && truth <= (p95?.high ?? 0)) covered += 1;
    }
    expect(covered / 2000).toBeGreaterThan(0.94);
    expect(covered / 2000).toBeLessThan(0.99);
  });
});

describe("Wilson's interval", () => {
  // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
    [29, 29, 0.883, 1],
  ])('%d of %d', (hits, samples, low, high) => {
    const share = shareOf(hits, samples);
    expect(share.low).toBeCloseTo(low, 4);
    expect(share.high).toBeCloseTo(high, 4);
  });

  it('knows nothing without samples', () => expect(shareOf(0, 0)).toEqual({ value: 0, low: 0, high: 1 }));
});

describe('report', () => {
  it('has quantiles by nearest rank, the worst, and the terms', () => {
    const samples = answers(...Array.from({ length: 400 }, (_, index) => 400 - index));
    expect(latencyReport({ samples }, terms)).toEqual({
      requests: 400,
      errors: 0,
      rate: 50,
      p50: { value: 200, low: 180, high: 221 },
      p95: { value: 380, low: 371, high: 389 },
      p99: { value: 396, low: 392, high: 400 },
      worst: 400,
      errorRate: { value: 0, low: 0, high: expect.closeTo(0.0095, 4) },
      threshold: 1000,
      lag: 0,
    });
  });

  it('counts a refused request as slower than any answer, however fast it was refused', () => {
    const report = latencyReport({ samples: [...answers(...many(90, 500)), ...failures(10)] }, terms);
    expect(report.p50?.value).toBe(500);
    expect(report.p95).toBeUndefined();
    expect(report.errors).toBe(10);
  });

  it('does not depend on the order of the samples', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ milliseconds: fc.nat(3000), ok: fc.boolean(), lag: fc.nat(9) })),
        (samples) => {
          expect(latencyReport({ samples: [...samples].reverse() }, terms)).toEqual(
            latencyReport({ samples }, terms),
          );
        },
      ),
    );
  });
});

describe('verdict', () => {
  it.each([
    ['all fast', answers(...many(100, 20)), 'passed', undefined],
    ['all slow', answers(...many(100, 1200)), 'failed', 'too-slow'],
    ['exactly at the threshold', answers(...many(100, 1000)), 'passed', undefined],
    ['fast but too few', answers(...many(71, 20)), 'inconclusive', 'too-few-samples'],
    ['just enough', answers(...many(72, 20)), 'passed', undefined],
    ['slow and few: failing all the same', answers(...many(10, 1200)), 'failed', 'too-slow'],
    [
      'one slow of 72: the upper end is the slowest',
      answers(...many(71, 20), 1500),
      'inconclusive',
      'too-few-samples',
    ],
    [
      '7 slow of 100: p95 is above, its interval is not',
      answers(...many(93, 20), ...many(7, 1500)),
      'inconclusive',
      'too-few-samples',
    ],
    ['12 slow of 100', answers(...many(88, 20), ...many(12, 1500)), 'failed', 'too-slow'],
    ['none at all', [], 'inconclusive', 'too-few-samples'],
    ['one refused of 400', [...answers(...many(399, 20)), ...failures(1)], 'passed', undefined],
    [
      'three refused of 100',
      [...answers(...many(97, 20)), ...failures(3)],
      'failed',
      'too-many-failed-requests',
    ],
    ['all refused at once', failures(100), 'failed', 'too-many-failed-requests'],
    ['the only one refused', failures(1), 'failed', 'too-many-failed-requests'],
  ] as const)('%s', (_what, samples, outcome, reason) => {
    const verdict = judged(samples);
    expect(verdict.outcome).toBe(outcome);
    expect(verdict.reason).toBe(reason);
  });

  it('does not blame the service for what the runner was late itself', () => {
    const samples = many(100, 1200).map((milliseconds) => ({ milliseconds, ok: true, lag: 300 }));
    expect(judged(samples).outcome).toBe('inconclusive');
    expect(judged(samples).message).toContain('this machine sent requests up to 300 ms late');
    expect(judged(samples.map((one) => ({ ...one, lag: 100 }))).outcome).toBe('failed');
  });

  it('never gets better when requests get slower or are refused', () => {
    const rank = { passed: 0, inconclusive: 1, failed: 2 } as const;
    const sample = fc.record({ milliseconds: fc.nat(2000), ok: fc.boolean(), lag: fc.constant(0) });
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 1, maxLength: 120 }),
        fc.nat(),
        fc.boolean(),
        (samples, at, refuse) => {
          const worse = samples.map((one, index) =>
            index !== at % samples.length
              ? one
              : { ...one, milliseconds: one.milliseconds + 1000, ok: one.ok && !refuse },
          );
          expect(rank[judged(worse).outcome]).toBeGreaterThanOrEqual(rank[judged(samples).outcome]);
        },
      ),
    );
  });

  it('says figures, interval, sample size and threshold', () => {
    const samples = answers(...Array.from({ length: 400 }, (_, index) => index + 1));
    expect(judged(samples).message).toBe(
      'p95 is 380 ms (371 to 389 ms) of 400 requests, max-latency is 1000 ms',
    );
  });
});

describe('by a way that costs time itself', () => {
  const by = 'port-forward';
  const control = answers(...many(20, 600));
  const failing = (amount: number, got: string): LatencySample[] =>
    failures(amount).map((one) => ({ ...one, got }));

  it.each<[string, readonly LatencySample[], 'passed' | 'inconclusive', string]>([
    [
      'what is fast with it is fast without it',
      answers(...many(120, 640)),
      'passed',
      'p95 is 640 ms (640 to 640 ms) of 120 requests by port-forward, of which the way itself costs about 600 ms, max-latency is 1000 ms',
    ],
    [
      'what is slow with it may be fast without it',
      answers(...many(120, 1400)),
      'inconclusive',
      'p95 is 1400 ms (1400 to 1400 ms) by port-forward, of which the way itself costs about 600 ms: not judged',
    ],
    [
      'requests that get lost may have got lost on it',
      [...answers(...many(66, 20)), ...failing(40, 'connection reset'), ...failing(14, 'timeout')],
      'inconclusive',
      '54 of 120 requests failed: 40 × connection reset, 14 × timeout; p95 has no answer by port-forward, of which the way itself costs about 600 ms: not judged',
    ],
    [
      'all lost',
      failing(120, 'timeout'),
      'inconclusive',
      '120 of 120 requests failed: 120 × timeout; p95 has no answer by port-forward, of which the way itself costs about 600 ms: not judged',
    ],
  ])('%s', (_, samples, outcome, message) => {
    const verdict = judgeLatency(latencyReport({ samples, control }, terms), by);
    expect(verdict).toMatchObject({ outcome, message });
    expect(verdict.reason).toBe(outcome === 'passed' ? undefined : 'latency-not-judged');
  });

  it('nothing ever fails, whatever was measured', () => {
    const sample = fc.record({ milliseconds: fc.nat(9000), ok: fc.boolean(), lag: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(sample), fc.array(sample), (samples, trips) => {
        const verdict = judgeLatency(latencyReport({ samples, control: trips }, terms), by);
        expect(verdict.outcome).not.toBe('failed');
      }),
    );
  });
});

describe('what failed requests got', () => {
  const got = (amount: number, word: string): LatencySample[] =>
    failures(amount).map((one) => ({ ...one, got: word }));

  it('is counted in the message, the most frequent first', () => {
    const samples = [...answers(...many(66, 20)), ...got(14, 'timeout'), ...got(40, 'status 503')];
    expect(judged(samples)).toMatchObject({
      outcome: 'failed',
      message: expect.stringMatching(
        /^54 of 120 requests failed: 40 × status 503, 14 × timeout, at least 36 %/,
      ),
    });
  });

  const answer = { headers: {}, body: '', milliseconds: 1 };
  it.each([
    ['a good answer', { ...answer, status: 200 }, {}, undefined],
    ['a wrong status', { ...answer, status: 503 }, {}, 'status 503'],
    ['a body that lies', { ...answer, status: 200, body: '{"status":"down"}' }, {}, 'unexpected answer'],
    ['a body that is not the expected one', { ...answer, status: 200 }, { body: 'ok' }, 'unexpected answer'],
    ['a reset', { ...answer, error: { kind: 'reset', message: 'secret words' } }, {}, 'connection reset'],
    ['silence', { ...answer, error: { kind: 'timeout', message: '' } }, {}, 'timeout'],
    ['nobody there', { ...answer, error: { kind: 'refused', message: '' } }, {}, 'connection refused'],
  ] as const)('%s', (_, given, expected, word) => {
    expect(failureIn(given, expected, 0)).toBe(word);
  });

  it.each([
    ['nothing but resets: a mesh', got(3, 'connection reset'), true],
    ['nothing but silence: a network policy', got(3, 'timeout'), true],
    ['nothing but 403: a mesh that does not know us', got(3, 'status 403'), true],
    ['503 of the service itself', got(3, 'status 503'), false],
    ['one that got through', [...got(3, 'timeout'), ...answers(1)], false],
  ] as const)('%s keeps us out: %#', (_, samples, expected) => {
    expect(isKeptOut(samples)).toBe(expected);
  });
});

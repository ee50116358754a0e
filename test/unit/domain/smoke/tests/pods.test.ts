/** Pods that are ready now, and how they came to be. */
import { expect, test } from 'vitest';
import { judgePods, type RestartRule } from '../../../../../src/domain/smoke/tests/pods.ts';

const now = Date.parse('2026-01-01T00:10:00Z');
const before = (seconds: number): string => new Date(now - seconds * 1000).toISOString();
const rule: RestartRule = { most: 3, now, seenUp: false };

/** A ready pod whose container was restarted; its last run and its present one in seconds. */
function pod(restartCount: number, { last, present }: { readonly last?: number; readonly present: number }) {
  const ran = last === undefined ? {} : { startedAt: before(present + last), finishedAt: before(present) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'auth-1' },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [
        {
          name: 'main',
          restartCount,
          state: { running: { startedAt: before(present) } },
          ...(last === undefined ? {} : { lastState: { terminated: { exitCode: 1, ...ran } } }),
        },
      ],
    },
  };
}

const outcomeOf = (one: ReturnType<typeof pod>, changed: Partial<RestartRule> = {}): string =>
  judgePods({ pods: [one], wanted: 1 }, { ...rule, ...changed }).outcome;

test.each([
  ['never restarted, just begun', pod(0, { present: 1 }), 'passed'],
  ['as often as is allowed', pod(3, { last: 2, present: 1 }), 'passed'],
  ['again and again, and up for a moment', pod(5, { last: 2, present: 4 }), 'failed'],
  ['ends at once each time: ten seconds prove something', pod(5, { last: 1, present: 11 }), 'passed'],
  ['not yet twice as long as the last time', pod(5, { last: 60, present: 90 }), 'failed'],
  ['waited for its database, up since', pod(5, { last: 60, present: 125 }), 'passed'],
  ['again and again, and how long it ran is not known', pod(5, { present: 500 }), 'failed'],
])('%s', (_, one, outcome) => {
  expect(outcomeOf(one)).toBe(outcome);
});

test('a rollout that was watched has judged what came before', () => {
  expect(outcomeOf(pod(5, { last: 60, present: 11 }), { seenUp: true })).toBe('passed');
});

test('it says how often', () => {
  expect(judgePods({ pods: [pod(5, { last: 2, present: 30 })], wanted: 1 }, rule).message).toBe(
    '1 of 1 pods of this release are ready; restarted 5 times.',
  );
});

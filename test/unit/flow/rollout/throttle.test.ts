import { expect, test } from 'vitest';
import { throttleOf } from '../../../../src/flow/rollout/throttle.ts';
import type { Clock } from '../../../../src/ports/runtime.ts';

type Judging = readonly [cost: number, pause: number];

/** Judgings that cost so many milliseconds, each followed by a pause: how long each waited for its turn. */
async function waits(judgings: readonly Judging[]): Promise<readonly number[]> {
  let now = 1_000_000;
  const clock: Clock = {
    now: () => now,
    wait: async (milliseconds) => {
      now += milliseconds;
    },
  };
  const throttle = throttleOf({ clock, signal: new AbortController().signal });
  const waited: number[] = [];
  for (const [cost, pause] of judgings) {
    throttle.begin();
    now += cost;
    throttle.end();
    now += pause;
    const before = now;
    await throttle.rest();
    waited.push(now - before);
  }
  return waited;
}

function times(count: number, judging: Judging): readonly Judging[] {
  return Array(count).fill(judging);
}

test('few changes wait for nothing, although the first judgings are slow', async () => {
  expect(await waits(times(4, [10, 5]))).toEqual([0, 0, 0, 0]);
  expect(await waits(times(50, [1, 100]))).toEqual(Array(50).fill(0));
});

test('where changes come without an end, judging takes a twentieth of the time', async () => {
  const waited = await waits(times(200, [4, 0]));
  expect(waited.at(-1)).toBeCloseTo(76);
  expect(waited[0]).toBe(0);
});

test('no change waits for longer than 200 ms, and a crowd leaves no debt behind', async () => {
  const waited = await waits([...times(50, [40, 300]), [1, 300], [1, 0]]);
  expect(Math.max(...(await waits(times(50, [40, 0]))))).toBeCloseTo(200);
  expect(waited.at(-1)).toBe(0);
});

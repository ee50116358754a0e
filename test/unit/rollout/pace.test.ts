import { expect, test } from 'vitest';
import { paceOf } from '../../../src/flow/pace.ts';
import type { Clock } from '../../../src/flow/ports.ts';

/** Judgings of `cost` milliseconds, each `pause` after the one before: how long each waited for its turn. */
async function waits(count: number, cost: number, pause: number): Promise<readonly number[]> {
  let now = 1_000_000;
  const clock: Clock = {
    now: () => now,
    wait: async (milliseconds) => {
      now += milliseconds;
    },
  };
  const pace = paceOf({ clock, signal: new AbortController().signal });
  const waited: number[] = [];
  for (let index = 0; index < count; index += 1) {
    pace.begin();
    now += cost;
    pace.end();
    now += pause;
    const before = now;
    await pace.rest();
    waited.push(now - before);
  }
  return waited;
}

test('few changes wait for nothing, although the first judgings are slow', async () => {
  expect(await waits(4, 10, 5)).toEqual([0, 0, 0, 0]);
  expect(await waits(50, 1, 100)).toEqual(Array(50).fill(0));
});

test('where changes come without an end, judging takes a twentieth of the time', async () => {
  const waited = await waits(200, 4, 0);
  expect(waited.at(-1)).toBeCloseTo(76);
  expect(waited[0]).toBe(0);
});

test('no change waits for longer than 200 ms', async () => {
  expect(Math.max(...(await waits(50, 40, 0)))).toBeCloseTo(200);
});

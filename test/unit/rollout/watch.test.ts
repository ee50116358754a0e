import { expect, test } from 'vitest';
import { Fault } from '../../../src/domain/fault.ts';
import type { Clock, WatchChange, WatchedKind, WatchPort } from '../../../src/flow/ports.ts';
import { watchRollout } from '../../../src/flow/rollout.ts';
import { flowRun } from '../flow/flow-run.ts';
import { deployment, namespace, start, target } from './cluster.ts';

interface OpenWatch {
  readonly kinds: readonly WatchedKind[];
  readonly onChange: (change: WatchChange) => void;
  readonly onLost: (error: unknown) => void;
  stopped: boolean;
}

/** A clock that stands still: what waits for a moment waits for ever. */
const still: Clock = {
  now: () => start,
  wait: (_milliseconds, signal) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
    }),
};

async function watched(expected: number) {
  const opened: OpenWatch[] = [];
  const port: WatchPort = {
    open: async (kinds, onChange, onLost = () => undefined) => {
      const session = { kinds, onChange, onLost, stopped: false };
      opened.push(session);
      return {
        stop: () => {
          session.stopped = true;
        },
      };
    },
  };
  const { run } = flowRun({ holder: 'test', clock: still, watch: async () => port });
  return { rollout: await watchRollout(run, namespace, { expected, existing: [] }), opened };
}

test('a watch that is lost ends the wait for a verdict with a Fault', async () => {
  const { rollout, opened } = await watched(1);
  const judged = rollout.judge();
  opened[0]?.onLost(new Error('Unauthorized'));
  const fault: unknown = await judged.catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(Fault);
  expect(fault).toMatchObject({ reason: 'cluster-unreachable' });
  expect(String(fault)).toContain('Unauthorized');
});

test('a Fault that tells why a watch was lost is passed on as it is', async () => {
  const { rollout, opened } = await watched(1);
  const fault = new Fault('unauthorized', 'The token has expired.', 'Log in again.');
  opened[0]?.onLost(fault);
  await expect(rollout.judge()).rejects.toBe(fault);
  await expect(rollout.changed(start + 1)).rejects.toBe(fault);
});

test('further kinds are followed until the rollout is stopped, and wake who waits for a change', async () => {
  const { rollout, opened } = await watched(1);
  const seen: WatchChange[] = [];
  await rollout.follow([{ apiVersion: 'v1', kind: 'Service', namespace }], (change) => seen.push(change));
  let woken = 0;
  const waits = [rollout.changed(start + 1000), rollout.changed(start + 2000)].map((wait) =>
    wait.then(() => {
      woken += 1;
    }),
  );
  await Promise.resolve();
  expect(woken).toBe(0);
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace } };
  opened[1]?.onChange({ type: 'applied', object: service, at: start });
  await Promise.all(waits);
  expect(seen).toHaveLength(1);
  rollout.stop();
  expect(opened.map((session) => session.stopped)).toEqual([true, true]);
});

test('what has been seen so far can be asked for', async () => {
  const { rollout, opened } = await watched(1);
  rollout.addTarget(target(deployment()));
  opened[0]?.onChange({ type: 'applied', object: deployment(), at: start });
  expect(rollout.state().targets).toHaveLength(1);
  expect(rollout.state().workloads.size).toBe(1);
});

import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../../../src/domain/failure/fault.ts';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { watchRollout } from '../../../../src/flow/rollout/watch.ts';
import type { Run } from '../../../../src/flow/run/context.ts';
import type { ClusterPort } from '../../../../src/ports/cluster.ts';
import type { Clock } from '../../../../src/ports/runtime.ts';
import type { WatchChange, WatchedKind, WatchPort } from '../../../../src/ports/watch.ts';
import { flowRun } from '../../../support/flow/flow-run.ts';
import {
  deployment,
  namespace,
  pod,
  replicaSet,
  running,
  start,
  target,
} from '../../../support/rollout/objects.ts';

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

async function watched(expected: number, edges: Partial<Pick<Run, 'clock' | 'connect'>> = {}) {
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
  const { run } = flowRun({ holder: 'test', clock: still, watch: async () => port, ...edges });
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

describe('before green the pods are listed once more', () => {
  const settle = 10_000;
  const api = deployment({ updated: 1, available: 1 });
  const set = replicaSet(api, 'a');
  const up = pod(set, { ready: 0, containers: [running(0)] });
  const restarted = pod(set, { ready: 9, containers: [running(9, 1)] });

  /** All is up from the start on; `list` is what the server says of the pods. */
  async function settling(list: () => Promise<readonly KubernetesObject[]>) {
    const time = steppedClock();
    const listedAt: number[] = [];
    const cluster = {
      list: () => {
        listedAt.push(time.clock.now() - start);
        return list();
      },
    } as unknown as ClusterPort;
    const { rollout, opened } = await watched(1, { clock: time.clock, connect: async () => cluster });
    rollout.addTarget(target(api));
    for (const object of [api, set, up]) opened[0]?.onChange({ type: 'applied', object, at: start });
    let said: string | undefined;
    rollout.judge().then(
      ({ state }) => {
        said = state;
      },
      (error: unknown) => {
        said = String(error);
      },
    );
    await time.stepTo(0);
    return { stepTo: time.stepTo, listedAt, said: () => said };
  }

  test('half a second ahead: the verdict does not wait for the answer', async () => {
    const { stepTo, listedAt, said } = await settling(async () => [up]);
    await stepTo(settle - 501);
    expect(listedAt).toEqual([]);
    await stepTo(settle - 500);
    expect(listedAt).toEqual([settle - 500]);
    expect(said()).toBeUndefined();
    await stepTo(settle);
    expect(said()).toBe('passed');
    expect(listedAt).toHaveLength(1);
  });

  test('a restart that the silent watch did not tell is no green', async () => {
    const { stepTo, said } = await settling(async () => [restarted]);
    await stepTo(settle - 500);
    await stepTo(settle);
    expect(said()).toBeUndefined();
    await stepTo(2 * settle - 1000);
    await stepTo(2 * settle - 500);
    expect(said()).toBe('passed');
  });

  test('a list that is still not there is waited for, one that failed is made again', async () => {
    const answers = [
      () => Promise.reject(new Error('connection reset')),
      () => new Promise<never>(() => undefined),
    ];
    const { stepTo, listedAt, said } = await settling(async () => answers.shift()?.() ?? [up]);
    await stepTo(settle - 500);
    await stepTo(settle);
    expect(listedAt).toEqual([settle - 500, settle]);
    await stepTo(2 * settle);
    expect(said()).toBeUndefined();
  });
});

/** A clock that goes on when it is told to, milliseconds after the start; whoever waited until then is woken. */
function steppedClock() {
  let now = start;
  let sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    wait: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        sleepers.push({ at: now + milliseconds, wake: resolve });
        signal?.addEventListener('abort', () => reject(signal.reason));
      }),
  };
  const stepTo = async (milliseconds: number): Promise<void> => {
    now = start + milliseconds;
    const due = sleepers.filter(({ at }) => at <= now);
    sleepers = sleepers.filter(({ at }) => at > now);
    for (const { wake } of due) wake();
    await setImmediate();
  };
  return { clock, stepTo };
}

/** Whose logs are read after an end, how many at once, and what becomes of what they say. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { observe } from '../../../../src/domain/rollout/observe.ts';
import { type LastLine, startRollout } from '../../../../src/domain/rollout/state.ts';
import { readLastLines } from '../../../../src/flow/rollout/last-log-lines.ts';
import type { ClusterPort } from '../../../../src/ports/cluster.ts';
import { flowRun } from '../../../support/flow/flow-run.ts';
import {
  applied,
  deployment,
  ended,
  pod,
  replicaSet,
  start,
  target,
} from '../../../support/rollout/objects.ts';

interface Call {
  readonly pod: string;
  readonly previous: boolean;
  readonly signal: AbortSignal | undefined;
  answer(lines: readonly string[]): void;
  refuse(): void;
}

/** `workloads` Deployments with so many pods each, whose containers have just ended for the second time. */
function crashing(workloads: number, podsEach: number) {
  const calls: Call[] = [];
  const podLog: ClusterPort['podLog'] = (_namespace, name, _container, { previous, signal }) =>
    new Promise((resolve, reject) => {
      calls.push({ pod: name, previous, signal, answer: resolve, refuse: () => reject(new Error('403')) });
    });
  const cluster = { podLog } as Partial<ClusterPort> as ClusterPort;
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const { run } = flowRun({ holder: 'test', connect: async () => cluster, sha256 });
  const wishes = Array.from({ length: workloads }, (_, index) => deployment({ name: `api${index}` }));
  let state = startRollout(
    wishes.map((wish) => target(wish)),
    start,
  );
  const told: LastLine[] = [];
  const lines = readLastLines(
    run,
    () => state,
    (line) => told.push(line),
  );
  const see = (...changes: ReturnType<typeof applied>): void => {
    for (const change of changes) {
      state = observe(state, change);
      lines.seen(change);
    }
  };
  for (const wish of wishes) {
    const [old, set] = [
      replicaSet(wish, 'v1', { template: { metadata: { labels: {} } } }),
      replicaSet(wish, 'v2'),
    ];
    see(...applied(0, wish, old, set));
    for (let index = 0; index < podsEach; index += 1) {
      const name = `${wish.metadata.name}-${index}`;
      see(...applied(1, pod(set, { name, containers: [ended(1, 1)] })));
      see(...applied(1, pod(old, { name: `${name}-old`, containers: [ended(1, 1)] })));
    }
  }
  /** Answers every call until none is open. */
  const answerAll = async (): Promise<void> => {
    for (let next = 0; ; ) {
      await new Promise((resolve) => setImmediate(resolve));
      if (next === calls.length) return;
      for (; next < calls.length; next += 1) calls[next]?.answer(['no database', '']);
    }
  };
  return { calls, told, lines, see, answerAll, set: replicaSet(deployment({ name: 'api0' }), 'v2') };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('four at once, ten containers of a workload, none of the release before', async () => {
  const { calls, told, answerAll } = crashing(1, 12);
  await turn();
  expect(calls).toHaveLength(4);
  await answerAll();
  expect(calls).toHaveLength(10);
  expect(calls.filter((call) => call.pod.endsWith('-old'))).toEqual([]);
  expect(told.map((line) => line.run)).toEqual(new Array(10).fill(1));
});

test('fifty containers of all workloads', async () => {
  const { calls, answerAll } = crashing(8, 10);
  await answerAll();
  expect(calls).toHaveLength(50);
});

test('what is told does not say what the log said, and tells another line from the same', async () => {
  const { calls, told, see, set } = crashing(1, 1);
  await turn();
  calls[0]?.answer(['starting', 'password=hunter2-hunter2', '']);
  see(...applied(12, pod(set, { name: 'api0-0', containers: [ended(12, 2)] })));
  await turn();
  calls.find((call, index) => index > 0 && !call.previous)?.answer(['password=another-one']);
  for (const call of calls) call.answer(['password=hunter2-hunter2']);
  await turn();
  expect(told).toHaveLength(2);
  expect(told[0]?.line).not.toBe(told[1]?.line);
  expect(JSON.stringify(told)).not.toMatch(/password|hunter2|another/);
});

test('a log that cannot be read is told as unknown', async () => {
  const { calls, told } = crashing(1, 1);
  await turn();
  calls[0]?.refuse();
  await turn();
  expect(told).toMatchObject([{ pod: 'api0-0', run: 1, line: undefined }]);
});

test('nothing is told after the end, and open reads are given up', async () => {
  const { calls, told, lines } = crashing(1, 12);
  await turn();
  lines.stop();
  expect(calls.map((call) => call.signal?.aborted)).toEqual([true, true, true, true]);
  for (const call of calls) call.answer(['no database']);
  await turn();
  expect([calls.length, told.length]).toEqual([4, 0]);
});

/** Whether what was there before is up again, and what the release made is gone. */
import { groupKindOf, type KubernetesObject, type ObjectReference, titleOf } from '../domain/objects.ts';
import type { Verdict } from '../domain/rollout/verdict.ts';
import type { Deletion } from '../domain/undo/plan.ts';
import { stuckPods } from '../domain/undo/stuck-pods.ts';
import { logText } from '../report/escape.ts';
import { logLine } from '../report/log-line.ts';
import type { ClusterPort } from './ports.ts';
import type { RolloutWatch } from './rollout.ts';
import type { Run } from './run.ts';

const stuckInterval = 2000;

/** The verdict on the restored workloads; meanwhile pods that keep a StatefulSet from them are deleted. */
export async function judgeRestored(
  run: Run,
  cluster: ClusterPort,
  watch: RolloutWatch,
  restored: readonly ObjectReference[],
): Promise<Exclude<Verdict, { state: 'pending' }>> {
  const sets = restored.filter((reference) => groupKindOf(reference) === 'StatefulSet.apps');
  const judged = new AbortController();
  const freeing = freeStuck(run, cluster, sets, AbortSignal.any([judged.signal, run.signal]));
  try {
    return await watch.judge();
  } finally {
    judged.abort();
    await freeing;
  }
}

async function freeStuck(
  run: Run,
  cluster: ClusterPort,
  sets: readonly ObjectReference[],
  stop: AbortSignal,
): Promise<void> {
  while (sets.length > 0 && !stop.aborted) {
    // What cannot be done here shows in the verdict: the set does not become current.
    await Promise.all(sets.map((set) => freeOne(run, cluster, set))).catch(() => undefined);
    await run.clock.wait(stuckInterval, stop).catch(() => undefined);
  }
}

async function freeOne(run: Run, cluster: ClusterPort, reference: ObjectReference): Promise<void> {
  const [set, pods] = await Promise.all([
    cluster.get(reference),
    cluster.list('v1', 'Pod', reference.namespace),
  ]);
  if (set === undefined) return;
  for (const { metadata } of stuckPods(set, pods)) {
    const { name, namespace = '', uid = '' } = metadata;
    await cluster.delete({ apiVersion: 'v1', kind: 'Pod', namespace, name }, uid);
    run.log.line(
      logLine(run.logClock(), logText(`  Pod ${name} deleted: ${titleOf(reference)} waited for it`)),
    );
  }
}

const goneInterval = 500;

/** Deletion is only asked for at first; finalizers may hold an object. Answers with those that are still there. */
export async function stillThere(
  run: Run,
  cluster: ClusterPort,
  deletions: readonly Deletion[],
): Promise<readonly ObjectReference[]> {
  const deadline = run.clock.now() + run.settings.timeout;
  let left = deletions;
  for (;;) {
    const now = await Promise.all(left.map(({ reference }) => cluster.get(reference)));
    left = left.filter((deletion, index) => isSame(now[index], deletion));
    if (left.length === 0 || run.clock.now() >= deadline) return left.map(({ reference }) => reference);
    await run.clock.wait(goneInterval, run.signal);
  }
}

function isSame(object: KubernetesObject | undefined, { uid }: Deletion): boolean {
  return object?.metadata.uid === uid;
}

/** Whether the objects that the release created are deleted. */
import type { KubernetesObject, ObjectReference } from '../../domain/kubernetes/objects.ts';
import type { Deletion } from '../../domain/undo/decision.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type { Run } from '../run/context.ts';

const goneInterval = 500;

/** A deletion request returns at once; finalizers may keep an object. Returns those that still exist. */
export async function stillThere(
  run: Run,
  cluster: ClusterPort,
  deletions: readonly Deletion[],
  patience: number = run.settings.timeout,
): Promise<readonly ObjectReference[]> {
  const deadline = run.clock.now() + patience;
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

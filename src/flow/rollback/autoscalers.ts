/**
 * Restores replicas that the release's autoscalers have changed, once these are deleted: before, they would scale
 * again.
 */
import type { Failure } from '../../domain/failure/failure.ts';
import { keyOf, type ObjectReference } from '../../domain/kubernetes/objects.ts';
import type { Deletion, Restore } from '../../domain/undo/decision.ts';
import type { UndoPlan } from '../../domain/undo/plan.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { listAutoscalers } from '../plan/list-autoscalers.ts';
import type { Run } from '../run/context.ts';
import { deleteAll, restoreAll, type UndoGuard } from './writes.ts';

interface Begun {
  readonly failures: readonly Failure[];
  /** What remains to be done. */
  readonly restores: readonly Restore[];
  readonly deletions: readonly Deletion[];
}

/**
 * Undoes the autoscalers first; what is left of the plan comes back, to be undone after them. Failures are returned, not
 * thrown.
 */
export async function beginWithAutoscalers(
  run: Run,
  cluster: ClusterPort,
  { restores, deletions, autoscalers }: UndoPlan,
  guard: UndoGuard,
): Promise<Begun> {
  const isFirst = ({ reference }: { readonly reference: ObjectReference }): boolean =>
    autoscalers.has(keyOf(reference));
  const gone = deletions.filter(isFirst);
  const failures = [
    ...(await deleteAll(run, cluster, gone, guard)),
    ...(await restoreAll(run, cluster, restores.filter(isFirst), guard)),
  ];
  if (failures.length === 0) await awaitEnd(run, cluster, gone);
  return {
    failures,
    restores: restores.filter((restore) => !isFirst(restore)),
    deletions: deletions.filter((deletion) => !isFirst(deletion)),
  };
}

const endInterval = 250;
/** KEDA's finalizer, and the garbage collection of its HorizontalPodAutoscaler, take a moment. */
const endTimeout = 30_000;

async function awaitEnd(run: Run, cluster: ClusterPort, deletions: readonly Deletion[]): Promise<void> {
  const deadline = run.clock.now() + endTimeout;
  while ((await isScaling(cluster, deletions)) && run.clock.now() < deadline)
    await run.clock.wait(endInterval, run.signal);
}

async function isScaling(cluster: ClusterPort, deletions: readonly Deletion[]): Promise<boolean> {
  const uids = new Set(deletions.map(({ uid }) => uid));
  const namespaces = [...new Set(deletions.map(({ reference }) => reference.namespace))];
  const [live, owned] = await Promise.all([
    Promise.all(deletions.map(({ reference }) => cluster.get(reference))),
    Promise.all(namespaces.map((namespace) => listAutoscalers(cluster, namespace))),
  ]);
  const isOwned = owned
    .flat()
    .some(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uids.has(uid)) === true);
  return isOwned || live.some((object) => uids.has(object?.metadata.uid ?? ''));
}

/** A namespace that the release creates: before lock and record, which live in it (release state row 24). */
import { type KubernetesObject, referenceOf, titleOf } from '../../domain/kubernetes/objects.ts';
import { leftoversOf } from '../../domain/undo/namespace-leftovers.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { logLine } from '../../report/log/line.ts';
import { notice, type Run } from '../run/context.ts';

/** Which run made the namespace; only that run's undo may delete it. */
const createdByAnnotation = 'orion.dev/created-by-run';

/** Its own field manager: applying the overlay's Namespace must not drop the annotation. */
const creationManager = 'orion-namespace';

/** Undefined if somebody else created it first. */
export async function createNamespace(
  run: Run,
  cluster: ClusterPort,
  name: string,
): Promise<KubernetesObject | undefined> {
  try {
    const created = await cluster.create(
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, annotations: { [createdByAnnotation]: run.identity.holder } },
      },
      { dryRun: false, fieldManager: creationManager },
    );
    run.log.line(logLine(run.logClock(), `Namespace ${name} created`));
    return created;
  } catch (error) {
    if (cluster.refusalOf(error)?.status === 409) return undefined;
    throw error;
  }
}

/** Deletes a namespace that is still empty, when the release is refused after all. */
export async function removeNamespace(
  run: Run,
  cluster: ClusterPort,
  created: KubernetesObject,
): Promise<void> {
  const { name, uid } = created.metadata;
  try {
    if (uid === undefined || !(await isEmpty(cluster, name, run.app))) return;
    await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name }, uid);
    run.log.line(logLine(run.logClock(), `Namespace ${name} deleted again: it is empty`));
  } catch (error) {
    // The reason for the refusal matters more than an empty namespace that is left behind.
    const said = cluster.refusalOf(error)?.message ?? 'the API server did not answer';
    notice(run, {
      reason: 'forbidden',
      message: `Namespace ${name}, which this run created, is left behind empty: ${said}`,
      remedy: 'Delete it manually, or leave it: the next run uses it.',
    });
  }
}

async function isEmpty(cluster: ClusterPort, namespace: string, app: string): Promise<boolean> {
  return leftoversOf(await cluster.contents(namespace), app).length === 0;
}

/** Pods and other dependents of deleted objects are removed a moment later. */
const emptyTimeout = 60_000;
const emptyInterval = 1000;

/** After a complete undo: deletes the namespace that the release created, unless it contains other objects by now. */
export async function takeBackNamespace(run: Run, cluster: ClusterPort, name: string): Promise<void> {
  const reference = { apiVersion: 'v1', kind: 'Namespace', name };
  const namespace = await cluster.get(reference);
  const uid = namespace?.metadata.uid;
  if (uid === undefined || namespace?.metadata.annotations?.[createdByAnnotation] === undefined) return;
  const keep = (why: string): void =>
    notice(run, {
      reason: 'not-undone',
      message: `Namespace ${name}, which this release created, is kept: ${why}`,
      remedy: `Delete it manually if it is not needed: kubectl delete namespace ${name}`,
    });
  const deadline = run.clock.now() + emptyTimeout;
  try {
    for (;;) {
      const left = leftoversOf(await cluster.contents(name), run.app);
      if (left.length === 0) break;
      if (run.clock.now() >= deadline) {
        const titles = left.slice(0, 5).map((object) => titleOf(referenceOf(object)));
        keep(`${titles.join(', ')}${left.length > 5 ? ` and ${left.length - 5} more` : ''} is in it.`);
        return;
      }
      await run.clock.wait(emptyInterval, run.signal);
    }
    await cluster.delete(reference, uid);
    run.log.line(logLine(run.logClock(), `Namespace ${name} deleted: this release created it`));
  } catch (error) {
    const refusal = cluster.refusalOf(error);
    if (refusal === undefined || run.signal.aborted) throw error;
    keep(`its contents could not be listed, or it could not be deleted (${refusal.message}).`);
  }
}

/** A namespace that the release brings: made before lock and record, which live in it (STATES row 24). */
import type { KubernetesObject } from '../domain/objects.ts';
import { logLine } from '../report/log-line.ts';
import type { ClusterPort } from './ports.ts';
import { notice, type Run } from './run.ts';

/** Which run made the namespace; only that run's undo may delete it. */
const createdByAnnotation = 'orion.dev/created-by-run';

/** Its own field manager: applying the overlay's Namespace must not drop the annotation. */
const creationManager = 'orion-namespace';

/** Undefined when somebody else was faster. */
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

/** Takes back a namespace that nothing was put into, when the release is refused after all. */
export async function removeNamespace(
  run: Run,
  cluster: ClusterPort,
  created: KubernetesObject,
): Promise<void> {
  const { name, uid } = created.metadata;
  try {
    if (uid === undefined || !(await isEmpty(cluster, name))) return;
    await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name }, uid);
    run.log.line(logLine(run.logClock(), `Namespace ${name} removed again: nothing was put into it`));
  } catch (error) {
    // Why the release was refused matters more than the empty namespace that stays.
    const said = cluster.refusalOf(error)?.message ?? 'the API server did not answer';
    notice(run, {
      reason: 'forbidden',
      message: `Namespace ${name}, which this run made, stays behind empty: ${said}`,
      remedy: 'Delete it by hand, or leave it: the next run uses it.',
    });
  }
}

const foundEverywhere = new Set(['kube-root-ca.crt', 'openshift-service-ca.crt']);

async function isEmpty(cluster: ClusterPort, namespace: string): Promise<boolean> {
  const kinds = [
    ['v1', 'Pod'],
    ['v1', 'ConfigMap'],
    ['v1', 'Secret'],
    ['v1', 'Service'],
    ['apps/v1', 'Deployment'],
    ['apps/v1', 'StatefulSet'],
  ] as const;
  const lists = await Promise.all(
    kinds.map(([apiVersion, kind]) => cluster.list(apiVersion, kind, namespace)),
  );
  return lists.flat().every((object) => foundEverywhere.has(object.metadata.name));
}

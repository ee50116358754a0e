/** Smoke tests of what runs now, whoever deployed it: by the action smoke-tests, and after an undo. */
import type { Failure } from '../../domain/failure/failure.ts';
import { type KubernetesObject, referenceOf } from '../../domain/kubernetes/objects.ts';
import { targetOf } from '../../domain/rollout/target.ts';
import { isRolloutKind } from '../../domain/workloads/workloads.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { openHealth } from '../health/health.ts';
import { watchRollout } from '../rollout/watch.ts';
import type { Run } from '../run/context.ts';
import { smokeRelease } from './smoke.ts';

interface Running {
  readonly cluster: ClusterPort;
  readonly namespace: string;
  /** Workloads and Services, as they should be. */
  readonly objects: readonly KubernetesObject[];
  /** Databases that did not work before the release, by name. */
  readonly down?: ReadonlySet<string>;
  readonly seenUp: boolean;
}

/** What failed, one failure per root; the reports are in the ledger. */
export async function testRunning(
  run: Run,
  { cluster, namespace, objects, down, seenUp }: Running,
): Promise<readonly Failure[]> {
  const workloads = objects.filter(isRolloutKind);
  const watch = await watchRollout(run, namespace, {
    expected: workloads.length,
    existing: workloads.map(referenceOf),
  });
  try {
    const live = await Promise.all(workloads.map((workload) => cluster.get(referenceOf(workload))));
    for (const [place, desired] of workloads.entries()) {
      watch.addTarget(targetOf({ reference: referenceOf(desired), desired }, false, live[place]));
    }
    const former = new Set<string>();
    const health = await openHealth(run, watch, { namespace, rendered: objects, former });
    const ground = { cluster, namespace, rendered: objects, former, watch, health, seenUp };
    return await smokeRelease(run, ground, down);
  } finally {
    watch.stop();
  }
}

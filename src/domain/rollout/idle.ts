/** Workloads of a release that are as their overlay asks, and of which no pod ran: green says nothing about them. */
import type { Notice } from '../failure/notice.ts';
import { numberAt } from '../kubernetes/fields.ts';
import { titleOf } from '../kubernetes/objects.ts';
import { isSuspended } from '../status/built-in/job.ts';
import { updatesOnDelete } from '../status/built-in/statefulset.ts';
import { awaited } from '../status/generic/awaited.ts';
import type { RolloutState } from './state.ts';
import { pausedOnPurpose, type Scene, sceneOf, wantedPods } from './workload-view.ts';

const mostNamed = 5;

/** One notice for all of them, to be given once the rollout has passed; undefined where every changed workload ran. */
export function idleNotice(state: RolloutState): Notice | undefined {
  const idle = state.targets
    .filter(({ changed, desired }) => changed && awaited(desired))
    .flatMap((target) => {
      const why = whyIdle(sceneOf(state, target));
      return why === undefined
        ? []
        : [{ reference: target.reference, said: `${titleOf(target.reference)} (${why})` }];
    });
  const [first, second] = idle;
  if (first === undefined) return undefined;
  const named = idle.slice(0, mostNamed).map(({ said }) => said);
  const rest = idle.length > mostNamed ? ` and ${idle.length - mostNamed} more` : '';
  return {
    reason: 'nothing-ran',
    message: `Nothing of this release ran in ${named.join(', ')}${rest}: its verdict says nothing about ${second === undefined ? 'it' : 'them'}.`,
    remedy: 'No error if that is intended; what it would run is first tried when it is scaled up or started.',
    ...(second === undefined ? { object: first.reference } : {}),
  };
}

function whyIdle(scene: Scene): string | undefined {
  const live = scene.live?.object;
  if (live === undefined || scene.pods.length > 0 || scene.failedPods.length > 0) return undefined;
  switch (scene.groupKind) {
    case 'Job.batch':
      if (isSuspended(live)) return 'suspended';
      return numberAt(live, 'spec', 'parallelism') === 0 ? 'its parallelism is 0' : undefined;
    case 'DaemonSet.apps':
      return wantedPods(scene) === 0
        ? updatesOnDelete(live)
          ? onDelete
          : 'no node is meant for it'
        : undefined;
    case 'Deployment.apps':
      if (pausedOnPurpose(scene)) return 'paused';
      return replicasWord(scene);
    case 'StatefulSet.apps':
      if (numberAt(live, 'spec', 'replicas') === 0) return replicasWord(scene);
      if (updatesOnDelete(live)) return onDelete;
      return wantedPods(scene) === 0 ? 'its partition leaves every pod as it was' : undefined;
    case 'ReplicaSet.apps':
    case 'ReplicationController':
      return replicasWord(scene);
    default:
      return undefined;
  }
}

const onDelete = 'OnDelete, and no pod was deleted';

/** Also where an autoscaler has scaled it to nothing: the number is the live one. */
function replicasWord(scene: Scene): string | undefined {
  return wantedPods(scene) === 0 ? 'scaled to zero' : undefined;
}

/** Workloads of a release that are as their overlay asks, and of which no pod ran: green says nothing about them. */
import type { Notice } from '../failure/notice.ts';
import { titleOf } from '../kubernetes/objects.ts';
import { awaited } from '../workloads/awaited.ts';
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
  return pausedOnPurpose(scene) ? 'paused' : scene.kind.whyIdle(live, wantedPods(scene));
}

/** Workloads of a release that match their overlay but ran no pod: a passed release proves nothing about them. */
import type { Notice } from '../failure/notice.ts';
import { titleOf } from '../kubernetes/objects.ts';
import { awaited } from '../workloads/awaited.ts';
import type { RolloutState } from './state.ts';
import { pausedOnPurpose, type WorkloadView, wantedPods, workloadViewOf } from './workload-view.ts';

const maxNamed = 5;

/** One notice for all of them, to be given once the rollout has passed; undefined where every changed workload ran. */
export function idleNotice(state: RolloutState): Notice | undefined {
  const idle = state.targets
    .filter(({ changed, desired }) => changed && awaited(desired))
    .flatMap((target) => {
      const why = whyIdle(workloadViewOf(state, target));
      return why === undefined
        ? []
        : [{ reference: target.reference, said: `${titleOf(target.reference)} (${why})` }];
    });
  const [first, second] = idle;
  if (first === undefined) return undefined;
  const named = idle.slice(0, maxNamed).map(({ said }) => said);
  const rest = idle.length > maxNamed ? ` and ${idle.length - maxNamed} more` : '';
  return {
    reason: 'nothing-ran',
    message: `Nothing of this release ran in ${named.join(', ')}${rest}: its verdict says nothing about ${second === undefined ? 'it' : 'them'}.`,
    remedy: 'Not an error if intended; its pods are first tested when it is scaled up or started.',
    ...(second === undefined ? { object: first.reference } : {}),
  };
}

function whyIdle(view: WorkloadView): string | undefined {
  const live = view.live?.object;
  if (live === undefined || view.pods.length > 0 || view.failedPods.length > 0) return undefined;
  return pausedOnPurpose(view) ? 'paused' : view.kind.whyIdle(live, wantedPods(view));
}

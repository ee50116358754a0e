import { listAt, numberAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { saidBy, unobserved } from '../generic/generic.ts';
import { current, failed, type Status } from '../generic/status.ts';

/**
 * Current once its controller has counted, also while no disruption is allowed: that is what it is for. SyncFailed means that
 * it cannot count (a pod without a controller it knows), and then it blocks every eviction.
 */
export function podDisruptionBudgetStatus(budget: KubernetesObject): Status {
  const early = unobserved(budget);
  if (early !== undefined) return early;
  const unable = listAt(budget, 'status', 'conditions').find((one) => textAt(one, 'reason') === 'SyncFailed');
  if (unable !== undefined) {
    return failed(
      'failing',
      saidBy('cannot count its pods', { reason: 'SyncFailed', message: textAt(unable, 'message') ?? '' }),
    );
  }
  return current(`${numberAt(budget, 'status', 'disruptionsAllowed') ?? 0} disruptions allowed`);
}

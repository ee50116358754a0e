import { conditionOf, fieldAt, flagAt, listAt, numberAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { saidBy, unsettled } from '../generic/generic.ts';
import { current, failed, progressing, type Status } from '../generic/status.ts';

/**
 * Argo Rollouts' own reading (its `status.phase`, written since 1.0, is made by the same rules). `observedGeneration` is text,
 * before 1.0 a hash that is no number. A pause is progressing: it waits for time or for a person; an overlay whose release
 * is meant to end at the pause says `orion.dev/ready-when: jsonpath={.status.phase}=Paused`.
 */
export function argoRolloutStatus(rollout: KubernetesObject): Status {
  const early = unsettled(rollout);
  if (early !== undefined) return early;
  if (fieldAt(rollout, 'status', 'observedGeneration') === undefined || !workloadObserved(rollout)) {
    return progressing('not-observed', 'the controller has not seen the change yet');
  }
  return troubleOf(rollout) ?? countsOf(rollout) ?? strategyOf(rollout) ?? current('rolled out');
}

/** With `workloadRef` the pod template stands in a Deployment, whose generation the controller copies. */
function workloadObserved(rollout: KubernetesObject): boolean {
  const wanted = rollout.metadata.annotations?.['rollout.argoproj.io/workload-generation'];
  if (fieldAt(rollout, 'spec', 'workloadRef') === undefined || wanted === undefined) return true;
  return textAt(rollout, 'status', 'workloadObservedGeneration') === wanted;
}

function troubleOf(rollout: KubernetesObject): Status | undefined {
  const invalid = conditionOf(rollout, 'InvalidSpec');
  if (invalid !== undefined && invalid.status !== 'False')
    return failed('failed', saidBy('invalid', invalid));
  const made = conditionOf(rollout, 'Progressing');
  if (made?.reason === 'RolloutAborted') return failed('failed', saidBy('aborted', made));
  if (made?.reason === 'ProgressDeadlineExceeded') {
    return failed('failed', saidBy('progress deadline exceeded', made));
  }
  const phase = textAt(rollout, 'status', 'phase');
  const said = textAt(rollout, 'status', 'message') ?? '';
  if (phase === 'Degraded') return failed('failed', said === '' ? 'degraded' : `degraded: ${said}`);
  const paused =
    listAt(rollout, 'status', 'pauseConditions').length > 0 || flagAt(rollout, 'spec', 'paused') === true;
  return paused ? progressing('paused', 'paused') : undefined;
}

function countsOf(rollout: KubernetesObject): Status | undefined {
  const desired = numberAt(rollout, 'spec', 'replicas') ?? 1;
  const updated = numberAt(rollout, 'status', 'updatedReplicas') ?? 0;
  const available = numberAt(rollout, 'status', 'availableReplicas') ?? 0;
  if (updated < desired) return progressing('too-few-updated', `${updated} of ${desired} pods updated`);
  if (available < updated) return progressing('not-available', `${available} of ${updated} pods available`);
  const total = numberAt(rollout, 'status', 'replicas') ?? 0;
  const canary = fieldAt(rollout, 'spec', 'strategy', 'canary') !== undefined;
  if (canary && total > updated) return progressing('old-pods-left', `${total - updated} old pods still run`);
  return undefined;
}

/** Blue-green: the active Service selects the new pods. Both: the analysis has made them the stable ones. */
function strategyOf(rollout: KubernetesObject): Status | undefined {
  const hash = textAt(rollout, 'status', 'currentPodHash');
  if (hash === undefined) return progressing('not-observed', 'the controller has not seen it yet');
  // Before 0.8 it stood below `canary`, and blue-green had none.
  const stable = textAt(rollout, 'status', 'stableRS') ?? textAt(rollout, 'status', 'canary', 'stableRS');
  if (fieldAt(rollout, 'spec', 'strategy', 'blueGreen') !== undefined) {
    if (textAt(rollout, 'status', 'blueGreen', 'activeSelector') !== hash) {
      return progressing('not-ready', 'the active Service does not select the new pods yet');
    }
    return stable === undefined || stable === '' || stable === hash
      ? undefined
      : progressing('not-ready', 'waits for its analysis');
  }
  return stable === hash ? undefined : progressing('not-ready', 'has steps to go');
}

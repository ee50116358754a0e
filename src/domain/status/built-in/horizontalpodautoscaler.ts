import { fieldAt, listAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { unsettled } from '../generic/generic.ts';
import { current, failed, progressing, type Status } from '../generic/status.ts';

/**
 * Failed while it cannot read the scale or the metrics (which is usual for a minute after pods start, so no release waits
 * for it), current when it can scale. A target at zero (ScalingDisabled) and a count held at a bound (ScalingLimited) are as asked.
 */
export function horizontalPodAutoscalerStatus(autoscaler: KubernetesObject): Status {
  const early = unsettled(autoscaler);
  if (early !== undefined) return early;
  if (fieldAt(autoscaler, 'status') === undefined) {
    return { word: 'unknown', code: 'not-observed', message: 'the controller has not seen it yet' };
  }
  const conditions = conditionsOf(autoscaler);
  for (const condition of conditions) {
    const [type, reason] = [textAt(condition, 'type') ?? '', textAt(condition, 'reason') ?? ''];
    if (type !== 'AbleToScale' && type !== 'ScalingActive') continue;
    if (/^(Failed|Invalid)/.test(reason)) {
      return failed('failing', `${reason}: ${textAt(condition, 'message') ?? 'no more is said'}`);
    }
  }
  const able = conditions.some(
    (one) => textAt(one, 'type') === 'AbleToScale' && textAt(one, 'status') === 'True',
  );
  return able ? current('able to scale') : progressing('not-ready', 'cannot scale yet');
}

/** Version 1 of the API has them as JSON in an annotation. */
function conditionsOf(autoscaler: KubernetesObject): readonly unknown[] {
  const text = autoscaler.metadata.annotations?.['autoscaling.alpha.kubernetes.io/conditions'];
  if (text === undefined) return listAt(autoscaler, 'status', 'conditions');
  try {
    return listAt(JSON.parse(text));
  } catch {
    return [];
  }
}

import { conditionOf, textAt } from '../fields.ts';
import type { KubernetesObject } from '../objects.ts';
import { unsettled } from './generic.ts';
import { current, failed, progressing, type Status } from './status.ts';

export function phaseOf(pod: KubernetesObject): string {
  return textAt(pod, 'status', 'phase') ?? 'Pending';
}

export function isReady(pod: KubernetesObject): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}

export function isTerminating(pod: KubernetesObject): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

/** A Pod of phase Failed is failed (kstatus says Current, FACTS). What its containers do is for the causes to judge. */
export function podStatus(pod: KubernetesObject): Status {
  const phase = phaseOf(pod);
  if (phase === 'Succeeded') return current('completed', 'complete');
  if (phase === 'Failed') {
    const why = textAt(pod, 'status', 'reason') ?? '';
    return failed('failed', why === '' ? 'ended in failure' : `ended in failure: ${why}`);
  }
  const early = unsettled(pod);
  if (early !== undefined) return early;
  if (phase === 'Running' && isReady(pod)) return current('ready');
  if (phase === 'Running') return progressing('not-available', 'running, not ready');
  if (phase === 'Unknown') return { word: 'unknown', code: 'pending', message: 'its node does not report' };
  return progressing('pending', 'waits to start');
}

import { conditionOf, fieldAt, listAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { unsettled } from '../generic/generic.ts';
import { current, failed, progressing, type Status } from '../generic/status.ts';
import { containersOf } from './containers.ts';
import { restartRuleOf } from './restarts.ts';

/** `status.phase`; `Pending` where the server has not written one. */
export function phaseOf(pod: KubernetesObject): string {
  return textAt(pod, 'status', 'phase') ?? 'Pending';
}

/** By its condition Ready, readiness gates included. */
export function isReady(pod: KubernetesObject): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}

/** Nothing of it runs any more, and nothing will. */
export function isEnded(pod: KubernetesObject): boolean {
  return ['Succeeded', 'Failed'].includes(phaseOf(pod));
}

/** Deletion was asked for; its containers may still run until the grace period is over. */
export function isTerminating(pod: KubernetesObject): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

/** The PersistentVolumeClaims that it mounts, by name. One of a generic ephemeral volume is called after both. */
export function claimNamesOf(pod: KubernetesObject): readonly string[] {
  return listAt(pod, 'spec', 'volumes').flatMap((volume) => {
    if (fieldAt(volume, 'ephemeral') !== undefined) return [`${pod.metadata.name}-${textAt(volume, 'name')}`];
    return textAt(volume, 'persistentVolumeClaim', 'claimName') ?? [];
  });
}

/**
 * A Pod of phase Failed is failed (kstatus says Current). One that is never restarted runs to its end, as a Job's does.
 * A container in back-off or with an error is reported as is; the causes decide whether it ends the release.
 */
export function podStatus(pod: KubernetesObject): Status {
  const phase = phaseOf(pod);
  if (phase === 'Succeeded') return current('completed', 'complete');
  if (phase === 'Failed') {
    const why = textAt(pod, 'status', 'reason') ?? '';
    return failed('failed', why === '' ? 'ended in failure' : `ended in failure: ${why}`);
  }
  const early = unsettled(pod);
  if (early !== undefined) return early;
  if (phase === 'Unknown') return { word: 'unknown', code: 'pending', message: 'its node does not report' };
  if (phase === 'Running' && isReady(pod)) {
    const finite = textAt(pod, 'spec', 'restartPolicy') === 'Never';
    return finite ? progressing('running', 'running, to end by itself') : current('ready');
  }
  const trouble = containerTrouble(pod);
  if (trouble !== undefined) return failed('failing', trouble);
  if (phase === 'Running') return progressing('not-available', 'running, not ready');
  return progressing('pending', 'waits to start');
}

/** Only where the kubelet tries for ever: elsewhere the phase becomes Failed by itself. */
function containerTrouble(pod: KubernetesObject): string | undefined {
  if ((textAt(pod, 'spec', 'restartPolicy') ?? 'Always') !== 'Always') return undefined;
  for (const { name, role, spec, waiting, terminated } of containersOf(pod)) {
    const reason = waiting?.reason ?? '';
    if (/^Err|Error$|BackOff$/.test(reason)) return `container ${name}: ${reason}`;
    const isAsked = terminated !== undefined && restartRuleOf(spec, terminated.exitCode) !== undefined;
    const ended = terminated !== undefined && !isAsked && (role !== 'init' || terminated.exitCode !== 0);
    if (ended) return `container ${name}: ended with exit code ${terminated.exitCode}`;
  }
  return undefined;
}

/** What a pod with a node waits for before its first container: volumes, then its sandbox with the network. */
import { titleOf } from '../objects.ts';
import { markOf } from '../rollout/marks.ts';
import type { Scene } from '../rollout/scene.ts';
import type { EventRecord, Limits, PodRecord } from '../rollout/state.ts';
import { containersOf } from '../status/containers.ts';
import { type Cause, causeOf, quoted } from './cause.ts';
import { eventMessage, eventReason, evidenceOf, podEvents } from './evidence.ts';
import { podField, volumeField } from './fieldpaths.ts';

/** Volumes that do not come; also a ConfigMap or Secret that is to be mounted and is not there. */
export function volumeCause(scene: Scene, pod: PodRecord, limits: Limits): Cause | undefined {
  const { event, since } = obstacleOf(scene, pod, limits, [
    'FailedMount',
    'FailedAttachVolume',
    'FailedBinding',
    'FailedMapVolume',
  ]);
  if (event === undefined) return undefined;
  const text = eventMessage(event);
  const volume = /for volume "([^"]+)"/.exec(text)?.[1] ?? /volumes=\[([^\s,\]]+)/.exec(text)?.[1];
  return causeOf(scene, {
    reason: 'volume-pending',
    doom: { when: 'after', since, allowance: limits.budgets.volume, holds: 'capacity' },
    weight: 70,
    pod,
    event: evidenceOf(event),
    message: `A pod of ${titleOf(scene.target.reference)} waits for a volume: ${quoted(text)}.`,
    field: volumeField(scene.target.desired, volume),
  });
}

/** The pod's network cannot be made, or no runtime knows its RuntimeClass: its status never says so. */
export function sandboxCause(scene: Scene, pod: PodRecord, limits: Limits): Cause | undefined {
  const { event, since } = obstacleOf(scene, pod, limits, ['FailedCreatePodSandBox']);
  if (event === undefined) return undefined;
  const text = eventMessage(event);
  const { desired, reference } = scene.target;
  if (/OOM-killed/i.test(text)) {
    return causeOf(scene, {
      reason: 'out-of-memory',
      doom: { when: 'now' },
      weight: 95,
      pod,
      event: evidenceOf(event),
      message: `A pod of ${titleOf(reference)} cannot start: the memory limits of its containers are too low for that (${quoted(text)}).`,
      field: podField(desired),
    });
  }
  return causeOf(scene, {
    reason: 'container-cannot-run',
    doom: { when: 'after', since, allowance: limits.budgets.creation },
    weight: 70,
    pod,
    event: evidenceOf(event),
    message: `No container of a pod of ${titleOf(reference)} can start, its node cannot make the pod's sandbox: ${quoted(text)}.`,
    remedy:
      'See whether network plugin and container runtime of that node work and know what the message names.',
    field: /runtime ?(?:class|handler)|runtime for/i.test(text)
      ? podField(desired, 'runtimeClassName')
      : podField(desired),
  });
}

/**
 * The newest such event, and since when they come, unless the pod is past them: images are pulled when volumes and sandbox are
 * there. Each try has a text of its own (the id of its sandbox), so that repeats are events of their own.
 */
function obstacleOf(
  scene: Scene,
  pod: PodRecord,
  limits: Limits,
  reasons: readonly string[],
): { readonly event?: EventRecord | undefined; readonly since: number } {
  const none = { since: 0 };
  if (!pod.marks.has(markOf.mounting)) return none;
  const started = containersOf(pod.object).some(
    (one) => one.runningSince !== undefined || one.terminated !== undefined || one.previous !== undefined,
  );
  if (started) return none;
  const events = podEvents(scene, pod, limits);
  if (events.some((one) => eventReason(one) === 'Pulling')) return none;
  const obstacles = events.filter((one) => reasons.includes(eventReason(one)));
  return { event: obstacles[0], since: Math.min(...obstacles.map(({ firstAt }) => firstAt)) };
}

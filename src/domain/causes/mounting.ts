/** What a scheduled pod waits for before its first container: volumes, then its sandbox with the network. */
import { type KubernetesObject, titleOf } from '../kubernetes/objects.ts';
import type { Expectation } from '../producers/expectations.ts';
import { conditionKeys } from '../rollout/condition-times.ts';
import type { EventRecord, Limits, PodRecord } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import { referencesOf } from '../secrets/references.ts';
import { containersOf } from '../status/built-in/containers.ts';
import { missingSource } from './configuration.ts';
import { type Cause, causeOf, quoted } from './evidence/cause.ts';
import { eventMessage, eventReason, evidenceOf, podEvents } from './evidence/evidence.ts';
import { podField, volumeField } from './evidence/field-paths.ts';
import { expectationFor, fatalityOfExpected, lateness, remedyOfExpected } from './producing.ts';

/** Volumes that cannot be mounted; also a missing ConfigMap or Secret that is to be mounted. */
export function volumeCause(view: WorkloadView, pod: PodRecord, limits: Limits): Cause | undefined {
  const { event, since, obstacles } = obstacleOf(view, pod, limits, [
    'FailedMount',
    'FailedAttachVolume',
    'FailedBinding',
    'FailedMapVolume',
  ]);
  if (event === undefined) return undefined;
  const text = eventMessage(event);
  const volume = /for volume "([^"]+)"/.exec(text)?.[1] ?? /volumes=\[([^\s,\]]+)/.exec(text)?.[1];
  const expectation = expectedInVolume(view, pod, text, volume, limits);
  return causeOf(view, {
    reason: 'volume-pending',
    ...(expectation === undefined
      ? {
          fatality: {
            when: 'after',
            since,
            allowance: patience(obstacles, limits),
            holds: 'capacity',
          } as const,
        }
      : {
          fatality: fatalityOfExpected(expectation, pod, limits),
          remedy: remedyOfExpected(expectation),
        }),
    weight: 70,
    pod,
    event: evidenceOf(event),
    message: `A pod of ${titleOf(view.target.reference)} waits for a volume: ${quoted(text)}${expectation === undefined ? '' : lateness(expectation, limits)}.`,
    field: volumeField(view.target.desired, volume),
  });
}

/**
 * If a pod on another node still uses the volume, the event names it, and the wait does not end. Else it is being
 * detached: clouds take a minute or two, and after six minutes the controller forces it. Source:
 * `GenerateMultiAttachError` and `maxWaitForUnmountDuration` of kube-controller-manager's attachdetach.
 */
function patience(obstacles: readonly EventRecord[], { budgets }: Limits): number {
  const isDetached = (one: EventRecord) =>
    /Multi-Attach error .*already exclusively attached/.test(eventMessage(one));
  // The kubelet meanwhile reports that its wait timed out.
  const isSilent = (one: EventRecord) => isDetached(one) || waitedInVain.test(eventMessage(one));
  return obstacles.some(isDetached) && obstacles.every(isSilent) ? budgets.detach : budgets.volume;
}

const waitedInVain = /timed out waiting for the condition|context deadline exceeded|unmounted volumes/;

/**
 * The source of a missing volume, if a producer will create it. The kubelet names a missing object; for a missing
 * key, or for several volumes that it waits for, it names only the volume.
 */
function expectedInVolume(
  view: WorkloadView,
  pod: PodRecord,
  text: string,
  volume: string | undefined,
  limits: Limits,
): Expectation | undefined {
  const missing = missingSource(text);
  if (missing !== undefined) return expectationFor(limits, pod, missing);
  if (!/non-?existent|timed out waiting for the condition|unmounted volumes/.test(text)) return undefined;
  return volumeSources(view.target.desired, volume)
    .map((source) => expectationFor(limits, pod, source))
    .find((one) => one !== undefined);
}

function volumeSources(desired: KubernetesObject, volume: string | undefined) {
  const path = ['volumes', String(volumeIndex(desired, volume)), ''];
  return referencesOf(desired).filter(
    ({ use, path: at }) => use === 'volume' && at.join('/').includes(path.join('/')),
  );
}

function volumeIndex(desired: KubernetesObject, volume: string | undefined): number {
  const last = volumeField(desired, volume).at(-1);
  return typeof last === 'number' ? last : -1;
}

/**
 * The pod's sandbox cannot be created: its network fails, or its RuntimeClass has no handler. Its status never shows
 * it.
 */
export function sandboxCause(view: WorkloadView, pod: PodRecord, limits: Limits): Cause | undefined {
  const { event, since } = obstacleOf(view, pod, limits, ['FailedCreatePodSandBox']);
  if (event === undefined) return undefined;
  const text = eventMessage(event);
  const { desired, reference } = view.target;
  if (/OOM-killed/i.test(text)) {
    return causeOf(view, {
      reason: 'out-of-memory',
      fatality: { when: 'now' },
      weight: 95,
      pod,
      event: evidenceOf(event),
      message: `A pod of ${titleOf(reference)} cannot start: the memory limits of its containers are too low for that (${quoted(text)}).`,
      field: podField(desired),
    });
  }
  return causeOf(view, {
    reason: 'container-cannot-run',
    fatality: { when: 'after', since, allowance: limits.budgets.creation },
    weight: 70,
    pod,
    event: evidenceOf(event),
    message: `No container of a pod of ${titleOf(reference)} can start, its node cannot create the pod's sandbox: ${quoted(text)}.`,
    remedy:
      'Check whether the network plugin and container runtime of that node work and support what the message names.',
    field: /runtime ?(?:class|handler)|runtime for/i.test(text)
      ? podField(desired, 'runtimeClassName')
      : podField(desired),
  });
}

/**
 * The newest such event, and since when there are any, unless the pod has progressed: images are pulled once volumes
 * and sandbox exist. Each attempt has a different message (the sandbox id), so repeats are separate events.
 */
function obstacleOf(
  view: WorkloadView,
  pod: PodRecord,
  limits: Limits,
  reasons: readonly string[],
): {
  readonly event?: EventRecord | undefined;
  readonly since: number;
  readonly obstacles: readonly EventRecord[];
} {
  const none = { since: 0, obstacles: [] };
  if (!pod.conditionTimes.has(conditionKeys.mounting)) return none;
  const started = containersOf(pod.object).some(
    (one) => one.runningSince !== undefined || one.terminated !== undefined || one.previous !== undefined,
  );
  if (started) return none;
  const events = podEvents(view, pod, limits);
  if (events.some((one) => eventReason(one) === 'Pulling')) return none;
  const obstacles = events.filter((one) => reasons.includes(eventReason(one)));
  return { event: obstacles[0], obstacles, since: Math.min(...obstacles.map(({ firstAt }) => firstAt)) };
}

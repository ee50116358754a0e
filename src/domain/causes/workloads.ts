import { conditionOf, flagAt, numberAt, textAt, timeOf } from '../kubernetes/fields.ts';
import { type KubernetesObject, titleOf } from '../kubernetes/objects.ts';
import type { Limits, PodRecord } from '../rollout/state.ts';
import { pausedOnPurpose, type WorkloadView } from '../rollout/workload-view.ts';
import { type ContainerView, containersOf } from '../status/built-in/containers.ts';
import { isTerminating, phaseOf } from '../status/built-in/pod.ts';
import { staysEnded } from '../status/built-in/restarts.ts';
import { type Cause, causeOf, containerTitle, quoted } from './evidence/cause.ts';
import { containerField, existing, podField } from './evidence/field-paths.ts';

/** Maximum difference between the cluster's clock and ours. */
const skew = 5_000;

/**
 * ProgressDeadlineExceeded of this release. The condition persists after its release until the controller makes
 * progress, so it counts only once the controller has observed this generation, only if it is not the previous
 * condition (VERDICTS row 27), and not before the deadline can have passed: a rollback begins shortly after the
 * deadline of its release.
 */
export function deadlineCause(view: WorkloadView, limits: Limits): Cause | undefined {
  const live = view.live;
  if (live === undefined || !view.observed || !view.kind.pastProgressDeadline(live.object)) return undefined;
  const condition = conditionOf(live.object, 'Progressing');
  const before = live.firstAt <= limits.startedAt ? conditionOf(live.first, 'Progressing') : undefined;
  const sameAsBefore =
    before?.reason === condition?.reason && before?.lastUpdateTime === condition?.lastUpdateTime;
  const updatedAt = timeOf(condition?.lastUpdateTime ?? condition?.lastTransitionTime) ?? 0;
  if (sameAsBefore || updatedAt < limits.startedAt - skew) return undefined;
  const seconds = numberAt(live.object, 'spec', 'progressDeadlineSeconds') ?? 600;
  return causeOf(view, {
    reason: 'progress-deadline-exceeded',
    fatality: {
      when: 'after',
      since: Math.max(live.generationAt, limits.startedAt),
      // Its times are whole seconds, and we may observe a change later than its controller.
      allowance: Math.max(seconds * 1000 - skew, seconds * 500),
    },
    weight: 10,
    evidenceAt: condition?.lastUpdateTime,
    message: `${titleOf(view.target.reference)} made no progress for ${seconds} s, its progressDeadlineSeconds.`,
    field: existing(view.target.desired, ['spec', 'progressDeadlineSeconds']),
  });
}

/** Somebody else has paused it; the pre-check handles pauses in the overlay. It may be resumed. */
export function pausedCause(view: WorkloadView, limits: Limits): Cause | undefined {
  const { live, kind } = view;
  if (live === undefined || !view.observed || kind.pause === undefined) return undefined;
  if (flagAt(live.object, ...kind.pause.field) !== true || pausedOnPurpose(view)) return undefined;
  const title = titleOf(view.target.reference);
  return causeOf(view, {
    reason: 'deployment-paused',
    fatality: {
      when: 'after',
      since: Math.max(live.generationAt, limits.startedAt),
      allowance: limits.budgets.creation,
    },
    weight: 92,
    message: `${title} was paused by somebody while it was rolled out: its controller stopped the rollout.`,
    remedy: `Run \`kubectl --namespace ${live.object.metadata.namespace ?? ''} ${kind.pause.resume(live.object.metadata.name)}\`, and find out who paused it.`,
  });
}

/** A Job that has used up its retries, or a failed Pod that no controller will replace. */
export function endedCause(view: WorkloadView): Cause | undefined {
  const live = view.live?.object;
  if (live === undefined || !view.written) return undefined;
  if (view.kind.runs === 'to-completion') return jobCause(view);
  if (view.kind.pods !== 'itself' || !(phaseOf(live) === 'Failed' || willFail(live))) return undefined;
  const pod = view.failedPods[0] ?? view.pods[0];
  const why = textAt(live, 'status', 'reason') ?? '';
  return lastWords(view, pod, `Pod ${live.metadata.name} failed${why === '' ? '' : ` (${why})`}`);
}

/**
 * Decided by the first container that fails and is not restarted; the phase follows once all have terminated and the
 * pod is torn down.
 */
function willFail(pod: KubernetesObject): boolean {
  if ((textAt(pod, 'spec', 'restartPolicy') ?? 'Always') === 'Always' || isTerminating(pod)) return false;
  return containersOf(pod).some((one) => (one.terminated?.exitCode ?? 0) !== 0 && staysEnded(pod, one));
}

function jobCause(view: WorkloadView): Cause | undefined {
  const job = view.live?.object;
  const condition = ['Failed', 'FailureTarget']
    .map((type) => conditionOf(job, type))
    .find((one) => one?.status === 'True');
  if (condition === undefined) return undefined;
  const newest = [...view.failedPods, ...view.pods].sort((one, other) => endTime(other) - endTime(one))[0];
  const indexes = textAt(job, 'status', 'failedIndexes') ?? '';
  const which = indexes === '' ? '' : `, failed indexes: ${quoted(indexes)}`;
  const sentence = `${titleOf(view.target.reference)} failed: ${quoted(condition.message)} (${condition.reason})${which}`;
  return lastWords(view, newest, sentence, condition.lastTransitionTime);
}

function endTime(pod: PodRecord): number {
  return Math.max(0, ...containersOf(pod.object).map((one) => timeOf(one.terminated?.finishedAt) ?? 0));
}

/** The container that explains the pod's failure: the first that failed. */
export function culprit(pod: PodRecord | undefined): ContainerView | undefined {
  if (pod === undefined) return undefined;
  const containers = containersOf(pod.object);
  const bad = (one: ContainerView) => ((one.terminated ?? one.previous)?.exitCode ?? 0) !== 0;
  // One that a rule restarts, or that was killed for it, has failed before but is not why the pod ended.
  return containers.find((one) => bad(one) && staysEnded(pod.object, one)) ?? containers.find(bad);
}

function lastWords(
  view: WorkloadView,
  pod: PodRecord | undefined,
  sentence: string,
  evidenceAt?: string,
): Cause {
  const container = culprit(pod);
  const end = container?.terminated ?? container?.previous;
  const exit =
    container === undefined || end === undefined
      ? ''
      : `; ${containerTitle(container)} exited with code ${end.exitCode}${end.reason === 'OOMKilled' ? ' (OOMKilled)' : ''}`;
  const { desired } = view.target;
  return causeOf(view, {
    reason: 'job-failed',
    fatality: { when: 'now' },
    weight: 97,
    ...(pod === undefined ? {} : { pod }),
    ...(container === undefined ? {} : { container }),
    ...(view.kind.pods === 'itself'
      ? { remedy: 'Read the last log lines of the pod; a standalone Pod is not replaced.' }
      : {}),
    evidenceAt: evidenceAt ?? end?.finishedAt,
    message: `${sentence}${exit}.`,
    field: container === undefined ? podField(desired) : containerField(desired, container.name),
  });
}

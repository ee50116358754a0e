import type { Reason } from '../failure/reasons.ts';
import { conditionOf, timeOf } from '../kubernetes/fields.ts';
import { type KubernetesObject, titleOf } from '../kubernetes/objects.ts';
import { withPolicyWords } from '../kubernetes/policy-refusal.ts';
import type { EventRecord, Limits } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import { isTerminating, phaseOf } from '../status/built-in/pod.ts';
import { type Cause, causeOf, type Fatality, quoted } from './evidence/cause.ts';
import {
  eventMessage,
  eventReason,
  eventTime,
  evidenceOf,
  firstEventTime,
  freshEvents,
} from './evidence/evidence.ts';
import { containerField, existing, podField } from './evidence/field-paths.ts';

interface CreationRefusal {
  readonly text: string;
  readonly event?: EventRecord;
  /** Our clock if it was watched, else the cluster's. */
  readonly since: number;
  /** When the newest attempt was refused, by the later of the two clocks. */
  readonly refusedAt: number;
  readonly at?: string;
}

/**
 * Pods that the API server refuses to the controller.
 *
 * Evidence: for a ReplicaSet the ReplicaFailure condition, which the controller removes as soon as an attempt
 * succeeds; for the other kinds a FailedCreate event that is newer than every pod, while pods are missing. So a
 * refusal that is over is no evidence. What is permanent: see `fatalityOf`.
 */
export function creationCause(view: WorkloadView, limits: Limits): Cause | undefined {
  const refusal = refusalOf(view, limits);
  if (refusal === undefined) return undefined;
  const reason: Reason = /exceeded quota|failed quota/i.test(refusal.text)
    ? 'quota-exceeded'
    : 'pod-creation-forbidden';
  const quota = /(?:exceeded|failed) quota: ([^\s,:]+)/i.exec(refusal.text)?.[1];
  const { desired, reference } = view.target;
  return causeOf(view, {
    reason,
    fatality: fatalityOf(view, refusal, limits),
    weight: 90,
    event: refusal.event === undefined ? undefined : evidenceOf(refusal.event),
    evidenceAt: refusal.at,
    ...(quota === undefined ? {} : { sharedKey: `${reference.namespace ?? ''}/${quota}` }),
    message: `Pods of ${titleOf(reference)} are refused: ${quoted(refusalText(refusal.text))}.`,
    field: fieldOf(desired, refusal.text),
  });
}

/** Without the changing pod name at the beginning: `pods "x-7d9-abc" is forbidden: …`. */
function refusalText(text: string): string {
  return withPolicyWords(wordsOf(text).replace(/^.*?pods? "[^"]*" is (?:forbidden|invalid): (?:: )?/i, ''));
}

/** Without the text that event recorder and controllers add to the API server's message. */
function wordsOf(text: string): string {
  return (
    text
      .replace(/^\(combined from similar events\): /, '')
      .replace(
        /^(?:Error creating|create Pod \S+ in StatefulSet \S+ failed error|Failed to create new replica set "[^"]*"|failed to create pod): /,
        '',
      )
      // Kruise appends the whole pod, with every value of its environment.
      .replace(/, pod: \{.*$/s, '')
  );
}

function fieldOf(desired: KubernetesObject, text: string) {
  if (/PodSecurity|securityContext/i.test(text)) {
    const container = /container[s]? "([^"]+)"/.exec(text)?.[1] ?? '';
    return container === '' ? podField(desired) : containerField(desired, container);
  }
  if (/exceeded quota/i.test(text)) return existing(desired, ['spec', 'replicas']);
  return podField(desired);
}

/** Permanent refusals: the template itself is refused, or a quota requires missing fields. */
const final =
  /violates PodSecurity|failed quota|must specify|admission webhook "[^"]*" denied|policy '[^']*' with binding '[^']*' denied request: (?!failed to configure)|is (?:forbidden|invalid): (?:\[?(?:maximum|minimum)|spec)|because it is being terminated/i;

/**
 * The write lost a race, or the API server or etcd was unavailable: the request itself is valid. Only at the
 * beginning of the message: further inside, the same text comes from a webhook that does not respond.
 */
const passing =
  /^(?:Operation cannot be fulfilled on|etcdserver: |rpc error: code = |context deadline exceeded|(?:Post|Put) ")/;

type RefusalKind = 'final' | 'passing' | 'quota' | 'other';

function kindOf(text: string): RefusalKind {
  const words = wordsOf(text);
  if (final.test(words)) return 'final';
  if (passing.test(words)) return 'passing';
  return /exceeded quota/i.test(words) ? 'quota' : 'other';
}

/**
 * A refused template is permanent: `now`. An exceeded quota is permanent as well, unless pods are terminating or the
 * workload's own rolling update will still remove old ones: then it has its allowance from the last deleted pod, and
 * an attempt refused before that is no evidence (the controller retries at growing intervals, up to minutes).
 * Everything else (a ServiceAccount that is being created, a webhook that does not respond) has its allowance. A race
 * between two writes of the quota's status is over at the next attempt, which a disconnected controller makes late.
 */
function fatalityOf(view: WorkloadView, refusal: CreationRefusal, limits: Limits): Fatality {
  const kind = kindOf(refusal.text);
  if (kind === 'final' && !(limits.widensQuota === true && /quota/.test(refusal.text)))
    return { when: 'now' };
  if (kind === 'passing') return { when: 'never' };
  const allowance = limits.budgets.creation;
  if (kind === 'quota') {
    return {
      when: 'blocked',
      since: refusal.since,
      refusedAt: refusal.refusedAt,
      allowance,
      mayFree: limits.widensQuota === true || willRemoveOldPods(view),
    };
  }
  return { when: 'after', since: refusal.since, allowance };
}

function willRemoveOldPods(view: WorkloadView): boolean {
  const live = view.live?.object;
  if (live === undefined) return false;
  const old = view.allPods.length - view.pods.length - view.failedPods.length;
  return old > 0 && view.kind.removesOldPods(live);
}

function refusalOf(view: WorkloadView, limits: Limits): CreationRefusal | undefined {
  const live = view.live?.object;
  if (live === undefined || !view.observed) return undefined;
  const replicaSet = view.replicaSet?.object;
  switch (view.kind.refusedPodsIn) {
    case 'its-condition':
      return conditionRefusal(view, live, limits);
    case 'condition-of-replica-set':
      return replicaSet === undefined
        ? replicaSetRefusal(live, limits)
        : conditionRefusal(view, replicaSet, limits);
    case 'events':
      return eventRefusal(view, live, limits);
  }
}

/**
 * The condition keeps the message of the first failed attempt, even if later ones are refused for another reason,
 * which only the events show. So the newest meaningful event is used, counted from the first with the same reason.
 * https://github.com/kubernetes/kubernetes/blob/v1.36.0/pkg/controller/replicaset/replica_set_utils.go
 * (calculateStatus)
 */
function conditionRefusal(
  view: WorkloadView,
  replicaSet: KubernetesObject,
  limits: Limits,
): CreationRefusal | undefined {
  const condition = conditionOf(replicaSet, 'ReplicaFailure');
  if (condition?.status !== 'True' || condition.reason !== 'FailedCreate') return undefined;
  const transition = timeOf(condition.lastTransitionTime) ?? limits.startedAt;
  const tries = freshEvents(view, replicaSet, limits).filter(
    // The event of the first attempt is written before the condition; both times are in whole seconds.
    (one) => eventReason(one) === 'FailedCreate' && (timeOf(eventTime(one)) ?? 0) >= transition - wholeSecond,
  );
  const event = tries.find((one) => kindOf(eventMessage(one)) !== 'passing');
  const text = event === undefined ? condition.message : eventMessage(event);
  const kind = kindOf(text);
  const alike = tries.filter((one) => kindOf(eventMessage(one)) === kind);
  const stands = kindOf(condition.message) === kind;
  const first = alike.at(-1);
  const at = stands || first === undefined ? condition.lastTransitionTime : firstEventTime(first);
  const since = Math.min(...alike.map(({ firstAt }) => firstAt), ...(stands ? [transition] : []));
  return {
    text,
    since: Math.max(limits.startedAt, since),
    refusedAt: event === undefined ? transition : refusedAt(event),
    ...(event === undefined ? {} : { event }),
    ...(at === undefined ? {} : { at }),
  };
}

const wholeSecond = 1000;

function refusedAt(event: EventRecord): number {
  return Math.max(event.firstAt, timeOf(eventTime(event)) ?? 0);
}

/**
 * The ReplicaSet itself could not be created (for example a quota on ReplicaSets): the Deployment's condition shows
 * it.
 */
function replicaSetRefusal(deployment: KubernetesObject, limits: Limits): CreationRefusal | undefined {
  const condition = conditionOf(deployment, 'Progressing');
  if (condition?.status !== 'False' || condition.reason !== 'ReplicaSetCreateError') return undefined;
  return { text: condition.message, since: limits.startedAt, refusedAt: limits.startedAt };
}

function eventRefusal(
  view: WorkloadView,
  live: KubernetesObject,
  limits: Limits,
): CreationRefusal | undefined {
  const event = freshEvents(view, live, limits).find((one) => eventReason(one) === 'FailedCreate');
  if (event === undefined || !podsMissing(view, live)) return undefined;
  const at = eventTime(event);
  const newestPod = Math.max(
    ...view.allPods.map((pod) => timeOf(pod.object.metadata.creationTimestamp) ?? 0),
    0,
  );
  // Both times are the cluster's, in seconds. Equal ones prove nothing: the next attempt decides.
  if ((timeOf(at) ?? 0) <= newestPod) return undefined;
  return {
    text: eventMessage(event),
    event,
    since: event.firstAt,
    refusedAt: refusedAt(event),
    ...(at === undefined ? {} : { at }),
  };
}

function podsMissing(view: WorkloadView, live: KubernetesObject): boolean {
  const standing = view.allPods.filter(
    (pod) => !isTerminating(pod.object) && !['Failed', 'Succeeded'].includes(phaseOf(pod.object)),
  ).length;
  // A Job's pods come and go: one is missing only if it has none.
  return standing < (view.kind.keptPods(live) ?? 1);
}

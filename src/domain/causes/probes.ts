import { conditionOf, fieldAt, listAt, numberAt, textAt, timeOf } from '../kubernetes/fields.ts';
import { titleOf } from '../kubernetes/objects.ts';
import { conditionKeys } from '../rollout/condition-times.ts';
import type { EventRecord, Limits, PodRecord } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import type { ContainerView } from '../status/built-in/containers.ts';
import { type Cause, causeOf, quoted, subject } from './evidence/cause.ts';
import { eventMessage, evidenceOf, firstEventTime, podEvents } from './evidence/evidence.ts';
import { containerField, existing } from './evidence/field-paths.ts';

const second = 1000;

/** Multiple of the time that a container's own probe allows. */
const patience = 3;

/**
 * How long a container may run unready before the release is called broken, milliseconds:
 *
 *   initialDelaySeconds + timeoutSeconds + max(3 × failureThreshold × periodSeconds, budgets.readiness)
 *
 * Nothing in Kubernetes says how long a program may take until it is ready, except a startupProbe, and that is respected
 * by counting only from the moment it has passed. failureThreshold × periodSeconds is the longest the author wants to send
 * requests to a pod that does not answer, so it tells the scale on which the author thinks; three times that, and at least
 * a minute, lets programs wait for a database. With the API's defaults (10 s × 3) that is 91 s, with 5 s × 3 it is 61 s.
 * kubedog's formula gives 17 s for the defaults, and calls slow programs broken. Users move it by
 * their probe, and shorten it by progressDeadlineSeconds.
 */
export function readinessAllowance(probe: unknown, least: number, times = patience): number {
  const seconds = (field: string, otherwise: number) => numberAt(probe, field) ?? otherwise;
  const declared = seconds('failureThreshold', 3) * seconds('periodSeconds', 10) * second;
  const once = (seconds('initialDelaySeconds', 0) + seconds('timeoutSeconds', 1)) * second;
  return once + Math.max(times * declared, least);
}

/**
 * A probe with a wrong target: the kubelet gets no connection (or a 404), while the same container passes its
 * liveness probe on another port (another path). That the liveness probe passes is certain once the container has
 * outlived its own window; so the allowance is the longer of both windows, and not an estimate of how long programs
 * may take.
 */
export function misdirectedAllowance(container: unknown, answer: string): number | undefined {
  const readiness = fieldAt(container, 'readinessProbe');
  const liveness = fieldAt(container, 'livenessProbe');
  if (portOf(liveness) === undefined || portOf(readiness) === undefined) return undefined;
  const samePort = portOf(liveness) === portOf(readiness);
  const samePath = fieldAt(liveness, 'httpGet', 'path') === fieldAt(readiness, 'httpGet', 'path');
  const kind = answerClass(answer);
  const elsewhere =
    (kind === 'connection refused' && !samePort) || (kind === '404' && !(samePort && samePath));
  return elsewhere ? Math.max(windowOf(readiness), windowOf(liveness)) : undefined;
}

/** How long a probe takes to fail, plus one period. */
function windowOf(probe: unknown): number {
  const period = numberAt(probe, 'periodSeconds') ?? 10;
  return readinessAllowance(probe, 0, 1) + period * second;
}

function portOf(probe: unknown): unknown {
  return (
    fieldAt(probe, 'httpGet', 'port') ?? fieldAt(probe, 'tcpSocket', 'port') ?? fieldAt(probe, 'grpc', 'port')
  );
}

/** The kind of response of a failed probe: a different kind than before is progress (refused, then 503, then 200). */
export function answerClass(message: string): string {
  const code = /statuscode: (\d+)/.exec(message)?.[1];
  if (code !== undefined) return code;
  return (
    /connection refused|context deadline exceeded|timeout|EOF|reset by peer|no such host/i.exec(
      message,
    )?.[0] ?? 'other'
  );
}

/** A container that runs but is not ready: fatal after its allowance, counted from its last progress. */
export function readinessCause(
  view: WorkloadView,
  pod: PodRecord,
  container: ContainerView,
  limits: Limits,
): Cause | undefined {
  const probe = fieldAt(container.spec, 'readinessProbe');
  const unreadySince = pod.conditionTimes.get(conditionKeys.unready(container));
  if (probe === undefined || unreadySince === undefined || container.role === 'init') return undefined;
  const answers = podEvents(view, pod, limits, container).filter((event) =>
    /^Readiness probe (?:failed|errored)/.test(eventMessage(event)),
  );
  const answer = answers[0];
  const misdirected =
    answer === undefined ? undefined : misdirectedAllowance(container.spec, eventMessage(answer));
  const allowance = misdirected ?? readinessAllowance(probe, limits.budgets.readiness);
  const since = Math.max(unreadySince, progressAt(answers));
  const told = answer === undefined ? '' : ` (${quoted(eventMessage(answer))})`;
  return causeOf(view, {
    reason: 'readiness-probe-failing',
    fatality: { when: 'after', since, allowance, holds: 'dependencies' },
    weight: 60,
    pod,
    container,
    event: answer === undefined ? undefined : evidenceOf(answer),
    message: `${subject(container, view.target.reference)} runs, but its readiness probe ${target(probe)} does not pass${told}.`,
    field: containerField(view.target.desired, container.name, 'readinessProbe'),
  });
}

/**
 * Every container is ready, and a readiness gate of the pod is not: its controller has not set the condition for
 * `budgets.gate`. The targets of the large clouds' load balancers take one to three minutes until they count as
 * healthy. If the rollout's timeout is earlier, the gate is reported just before that.
 */
export function gateCause(view: WorkloadView, pod: PodRecord, limits: Limits): Cause | undefined {
  const since = pod.conditionTimes.get(conditionKeys.gated);
  if (since === undefined) return undefined;
  const gates = listAt(pod.object, 'spec', 'readinessGates').map(
    (gate) => textAt(gate, 'conditionType') ?? '',
  );
  const closed = gates.find((gate) => conditionOf(pod.object, gate)?.status !== 'True');
  if (closed === undefined) return undefined;
  const said = conditionOf(pod.object, closed)?.message ?? '';
  return causeOf(view, {
    reason: 'readiness-gate-closed',
    fatality: { when: 'after', since, allowance: gateAllowance(since, limits), holds: 'dependencies' },
    weight: 60,
    sharedKey: closed,
    pod,
    message: `The containers of ${titleOf(view.target.reference)} are ready, but the readiness gate ${quoted(closed)} of its pods is not${said === '' ? '' : ` (${quoted(said)})`}.`,
    field: existing(view.target.desired, ['spec', 'template', 'spec', 'readinessGates']),
  });
}

function gateAllowance(since: number, { budgets, startedAt, timeout }: Limits): number {
  return Math.max(0, Math.min(budgets.gate, startedAt + timeout - second - since));
}

/** The first observation of the newest kind of response; a single kind is no progress. */
function progressAt(answers: readonly EventRecord[]): number {
  const first = new Map<string, number>();
  for (const event of answers) {
    const kind = answerClass(eventMessage(event));
    const at = Math.min(event.firstAt, timeOf(firstEventTime(event)) ?? event.firstAt);
    first.set(kind, Math.min(first.get(kind) ?? at, at));
  }
  return first.size < 2 ? 0 : Math.max(...first.values());
}

/** `on :8080/ready`, `on port 5432`, `command`: the probe's target, from the pod's spec. */
function target(probe: unknown): string {
  const path = fieldAt(probe, 'httpGet', 'path');
  const port = portOf(probe);
  if (port === undefined) return 'command';
  return `on :${String(port)}${typeof path === 'string' ? path : ''}`;
}

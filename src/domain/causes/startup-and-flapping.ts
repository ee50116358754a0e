/** Containers that run but do not become stable: a startup probe that cannot be executed, flapping readiness. */
import { fieldAt } from '../kubernetes/fields.ts';
import { titleOf } from '../kubernetes/objects.ts';
import { conditionKeys } from '../rollout/condition-times.ts';
import type { Limits, PodRecord } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import { type ContainerView, containersOf } from '../status/built-in/containers.ts';
import { restartRuleOf } from '../status/built-in/restarts.ts';
import { type Cause, causeOf, quoted, subject } from './evidence/cause.ts';
import { eventMessage, evidenceOf, podEvents } from './evidence/evidence.ts';
import { containerField, podField } from './evidence/field-paths.ts';
import { readinessAllowance } from './probes.ts';

/**
 * The kubelet could not execute the probe (an unknown port name, a command missing from the image): it ignores that,
 * so the probe neither passes nor fails, and kills nothing. A failing one ends as a crash.
 */
export function startupCause(
  view: WorkloadView,
  pod: PodRecord,
  container: ContainerView,
  limits: Limits,
): Cause | undefined {
  const probe = fieldAt(container.spec, 'startupProbe');
  const since = pod.conditionTimes.get(conditionKeys.running(container));
  if (probe === undefined || since === undefined || container.started) return undefined;
  const answer = podEvents(view, pod, limits, container).find((event) =>
    /^Startup probe /.test(eventMessage(event)),
  );
  if (answer === undefined || !/^Startup probe errored/.test(eventMessage(answer))) return undefined;
  return causeOf(view, {
    reason: 'startup-probe-failing',
    fatality: { when: 'after', since, allowance: readinessAllowance(probe, limits.budgets.readiness, 1) },
    weight: 60,
    pod,
    container,
    event: evidenceOf(answer),
    message: `${subject(container, view.target.reference)} runs, but its startup probe cannot be executed (${quoted(eventMessage(answer))}).`,
    field: containerField(view.target.desired, container.name, 'startupProbe'),
  });
}

/** A running init container: the others wait for it as long as it takes. It is an explanation only at the timeout. */
export function initialisingCause(
  view: WorkloadView,
  pod: PodRecord,
  container: ContainerView,
): Cause | undefined {
  if (container.role !== 'init' || container.runningSince === undefined) return undefined;
  return causeOf(view, {
    reason: 'rollout-timeout',
    fatality: { when: 'never' },
    weight: 55,
    pod,
    container,
    message: `${subject(container, view.target.reference)} still runs, and the other containers wait for it.`,
    remedy: 'See in its log what it waits for; raise the timeout input if it only needs longer.',
    field: containerField(view.target.desired, container.name),
  });
}

/**
 * A container that its own restartPolicyRules restart repeatedly. That is intended, so any number of terminations is
 * allowed; if the pod does not stay up until the timeout, this explains it.
 */
export function askedRestartCause(
  view: WorkloadView,
  pod: PodRecord,
  container: ContainerView,
): Cause | undefined {
  const asked = (pod.ends.get(container.name) ?? []).filter(
    ({ termination }) => restartRuleOf(container.spec, termination.exitCode) !== undefined,
  );
  const last = asked.at(-1)?.termination;
  const count = pod.tallies.get(container.name)?.excused ?? 0;
  if (last === undefined || count === 0) return undefined;
  const action = restartRuleOf(container.spec, last.exitCode);
  const title = subject(container, view.target.reference);
  const whom = action === 'Restart' ? 'it' : 'all containers';
  return causeOf(view, {
    reason: container.role === 'init' ? 'init-container-failed' : 'crash-loop',
    fatality: { when: 'never' },
    weight: 75,
    pod,
    container,
    evidenceAt: last.finishedAt,
    message: `${title} does not stay up: its restartPolicyRules have restarted ${whom} ${count === 1 ? 'once' : `${count} times`}, last after exit code ${last.exitCode}.`,
    remedy: `Read its last log lines to see what it waits for; take exit code ${last.exitCode} out of restartPolicyRules if it is an error.`,
    field: containerField(view.target.desired, container.name, 'restartPolicyRules'),
  });
}

/** How often a pod may become unready while its containers keep running, before that is a cause. */
const maxFlaps = 3;

/** Every other clock restarts whenever it becomes ready, so this one counts from the first time it became unready. */
export function flapCause(view: WorkloadView, pod: PodRecord, limits: Limits): Cause | undefined {
  const { flaps } = pod;
  if (flaps === undefined || flaps.count < maxFlaps) return undefined;
  const container = containersOf(pod.object).find(
    (one) => fieldAt(one.spec, 'readinessProbe') !== undefined && !one.ready,
  );
  const { desired, reference } = view.target;
  const answer = podEvents(view, pod, limits, container).find((event) =>
    /^Readiness probe /.test(eventMessage(event)),
  );
  const told = answer === undefined ? '' : ` (${quoted(eventMessage(answer))})`;
  const who = container === undefined ? `A pod of ${titleOf(reference)}` : subject(container, reference);
  const probe = fieldAt(container?.spec, 'readinessProbe');
  return causeOf(view, {
    reason: 'readiness-probe-failing',
    fatality: {
      when: 'after',
      since: flaps.since,
      allowance: readinessAllowance(probe, limits.budgets.readiness),
    },
    weight: 65,
    pod,
    ...(container === undefined ? {} : { container }),
    event: answer === undefined ? undefined : evidenceOf(answer),
    message: `${who} was ready and then not ready again ${flaps.count} times: its readiness does not last${told}.`,
    field:
      container === undefined ? podField(desired) : containerField(desired, container.name, 'readinessProbe'),
  });
}

/** Containers that the runtime fails to create or start: their program never ran. */
import { fieldAt } from '../kubernetes/fields.ts';
import { conditionKeys } from '../rollout/condition-times.ts';
import type { EventRecord, Limits, PodRecord } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import { type ContainerView, isStarting } from '../status/built-in/containers.ts';
import { type Cause, causeOf, type Fatality, quoted, subject } from './evidence/cause.ts';
import { eventMessage, evidenceOf, podEvents } from './evidence/evidence.ts';
import { containerField } from './evidence/field-paths.ts';

/**
 * Deterministic errors of the runtime for a specification (runc, crun, containerd): the first attempt is enough
 * evidence.
 */
const final =
  /exec: "|executable file (?:`[^`]*` )?not found|exec format error|exec user process|no such file or directory.*: unknown|starting container process|error mounting|not a directory|no command specified|OOM-killed|cannot load seccomp|apparmor/i;

/** Errors of a node under load, whatever precedes them. */
const passing =
  /deadline ?exceeded|timed? ?out|resource (?:busy|temporarily)|too many open files|no space left|connection (?:refused|reset)|is reserved for|\bEOF\b/i;

/** Like `exec: "/nope": no such file`: about the program, not its environment. */
const ofProgram = /exec: "|executable file|exec format|exec user process|no command specified/i;

/** A container that its runtime cannot create or start; undefined where neither its status nor an event says so. */
export function cannotRunCause(
  view: WorkloadView,
  pod: PodRecord,
  container: ContainerView,
  limits: Limits,
): Cause | undefined {
  const { text, event } = wordsOf(view, pod, container, limits);
  if (text === undefined) return undefined;
  const fatality = fatalityOf(pod, container, text, limits);
  if (fatality === undefined) return undefined;
  const ended = container.terminated ?? container.previous;
  const title = subject(container, view.target.reference);
  const common = {
    fatality,
    pod,
    container,
    event: event === undefined ? undefined : evidenceOf(event),
    evidenceAt: ended?.finishedAt,
  };
  const field = (...rest: readonly string[]) => containerField(view.target.desired, container.name, ...rest);
  if (/OOM-killed/i.test(text)) {
    const limit = fieldAt(container.spec, 'resources', 'limits', 'memory');
    return causeOf(view, {
      ...common,
      reason: 'out-of-memory',
      weight: 95,
      message: `${title} cannot start: its memory limit${limit === undefined ? '' : ` of ${limit}`} is too low for that (${quoted(text)}).`,
      field: field('resources', 'limits', 'memory'),
    });
  }
  const program = ofProgram.test(text);
  return causeOf(view, {
    ...common,
    reason: 'container-cannot-run',
    weight: 85,
    message: `${title} cannot ${program ? 'run its command' : 'be started'}: ${quoted(text)}.`,
    ...(program
      ? {}
      : {
          remedy:
            'Correct what the message names: a mount, a device or a security profile of this container.',
        }),
    field: program ? field('command') : /mount/i.test(text) ? field('volumeMounts') : field(),
  });
}

/** The runtime's error for a container that it cannot start, from the state or, before that, from the event. */
function wordsOf(view: WorkloadView, pod: PodRecord, container: ContainerView, limits: Limits) {
  const { waiting, terminated, previous } = container;
  const held = /^(?:RunContainerError|CreateContainerError|CrashLoopBackOff)$/.test(waiting?.reason ?? '');
  const ended = terminated ?? (held ? previous : undefined);
  const refused = ended !== undefined && /^(?:StartError|ContainerCannotRun)$/.test(ended.reason);
  const event = podEvents(view, pod, limits, container).find((one) => final.test(eventMessage(one)));
  const text = [
    held && waiting?.reason !== 'CrashLoopBackOff' ? (waiting?.message ?? '') : '',
    refused ? ended.message : '',
    event !== undefined && isStarting(container) && isOfRuntime(event) ? eventMessage(event) : '',
  ].find((one) => one !== '');
  return { text, event };
}

/** A failed probe may also report "no such file": then the container runs. */
function isOfRuntime(event: EventRecord): boolean {
  return /^Error: /.test(eventMessage(event));
}

/** Undefined: it terminated, and terminations are counted elsewhere. */
function fatalityOf(
  pod: PodRecord,
  container: ContainerView,
  text: string,
  limits: Limits,
): Fatality | undefined {
  if (final.test(text) && !passing.test(text)) return { when: 'now' };
  if (container.waiting?.reason !== 'CreateContainerError') return undefined;
  const since = pod.conditionTimes.get(conditionKeys.ended(container)) ?? pod.firstAt;
  return { when: 'after', since, allowance: limits.budgets.creation };
}

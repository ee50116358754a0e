import { fieldAt, flagAt, listAt, numberAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';

/** The waiting reason of every container of a pod that a rule of one of them restarts. */
export const restartingAll = 'RestartingAllContainers';

/** How one run of a container ended. */
export interface Termination {
  readonly exitCode: number;
  /** `Error`, `OOMKilled`, `Completed`, `StartError`. */
  readonly reason: string;
  readonly message: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
}

/** One container of a pod: what was asked for beside what is. */
export interface ContainerView {
  readonly name: string;
  /** `init` runs once before the others; `sidecar` is an init container that is kept running. */
  readonly role: 'init' | 'sidecar' | 'main';
  readonly image: string;
  /** The entry of the pod's spec. */
  readonly spec: unknown;
  readonly ready: boolean;
  /** False while a startup probe has not passed yet. */
  readonly started: boolean;
  readonly restartCount: number;
  readonly waiting?: { readonly reason: string; readonly message: string };
  /** RFC 3339 time of the start. */
  readonly runningSince?: string;
  readonly terminated?: Termination;
  readonly previous?: Termination;
}

function terminationAt(status: unknown, state: 'state' | 'lastState'): Termination | undefined {
  const terminated = fieldAt(status, state, 'terminated');
  if (terminated === undefined || terminated === null) return undefined;
  const startedAt = textAt(terminated, 'startedAt');
  const finishedAt = textAt(terminated, 'finishedAt');
  return {
    exitCode: numberAt(terminated, 'exitCode') ?? 0,
    reason: textAt(terminated, 'reason') ?? '',
    message: textAt(terminated, 'message') ?? '',
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
  };
}

function view(spec: unknown, status: unknown, init: boolean): ContainerView {
  const waiting = fieldAt(status, 'state', 'waiting');
  const terminated = terminationAt(status, 'state');
  const previous = terminationAt(status, 'lastState');
  const sidecar = init && textAt(spec, 'restartPolicy') === 'Always';
  const runningSince =
    textAt(status, 'state', 'running', 'startedAt') ??
    (fieldAt(status, 'state', 'running') === undefined ? undefined : '');
  return {
    name: textAt(spec, 'name') ?? '',
    role: sidecar ? 'sidecar' : init ? 'init' : 'main',
    image: textAt(spec, 'image') ?? '',
    spec,
    ready: flagAt(status, 'ready') ?? false,
    started: flagAt(status, 'started') ?? fieldAt(spec, 'startupProbe') === undefined,
    restartCount: numberAt(status, 'restartCount') ?? 0,
    ...(waiting === undefined || waiting === null
      ? {}
      : { waiting: { reason: textAt(waiting, 'reason') ?? '', message: textAt(waiting, 'message') ?? '' } }),
    ...(runningSince === undefined ? {} : { runningSince }),
    ...(terminated === undefined ? {} : { terminated }),
    ...(previous === undefined ? {} : { previous }),
  };
}

/** The containers in the order they start, init containers first. */
export function containersOf(pod: KubernetesObject): readonly ContainerView[] {
  const build = (specs: 'initContainers' | 'containers', statuses: string) => {
    const byName = new Map(listAt(pod, 'status', statuses).map((one) => [textAt(one, 'name'), one]));
    return listAt(pod, 'spec', specs).map((spec) =>
      view(spec, byName.get(textAt(spec, 'name')), specs === 'initContainers'),
    );
  };
  return [...build('initContainers', 'initContainerStatuses'), ...build('containers', 'containerStatuses')];
}

/** In these a container waits for its next run to begin; `restartCount` is that run's already. */
const beginning: ReadonlySet<string> = new Set([
  'ContainerCreating',
  'PodInitializing',
  // Removed because a rule of one container asks to restart all (Kubernetes 1.36, KEP 5532); measured on 1.36.3.
  restartingAll,
  '',
]);

/**
 * Waits after a run that is over: `lastState` is that run's end. Not so in the waiting states that every container begins
 * with: a container that the runtime has lost goes back to them with `restartCount` raised already (kubelet_pods.go,
 * convertToAPIContainerStatuses).
 */
export function isHeldBack({ waiting }: ContainerView): boolean {
  return waiting !== undefined && (waiting.reason === '' || !beginning.has(waiting.reason));
}

/** It ended, or cannot start, and is to be tried again; what runs may yet get ready. */
export function isBetweenTries(container: ContainerView): boolean {
  const ended = container.terminated ?? container.previous;
  if (container.role === 'init' && ended?.exitCode === 0) return false;
  return (
    container.terminated !== undefined || (isHeldBack(container) && container.runningSince === undefined)
  );
}

/**
 * Not started yet, and the kubelet has not said that anything is wrong: its status may lag seconds behind its events, which
 * then tell more.
 */
export function isStarting({ waiting, runningSince, terminated }: ContainerView): boolean {
  if (runningSince !== undefined || terminated !== undefined) return false;
  return waiting === undefined || beginning.has(waiting.reason);
}

/**
 * How often a container has ended. `restartCount` counts the runs after the first, so the run that is over now is not in
 * it: an exit at once reads 0 and terminated (one end), then 1 and running (one end), then 1 and terminated (two). In
 * back-off the kubelet moves `terminated` to `lastState`, mostly late. An init container that completed has not ended badly.
 */
export function endsOf(container: ContainerView): number {
  if (container.runningSince !== undefined) return container.restartCount;
  const latest = container.terminated ?? (isHeldBack(container) ? container.previous : undefined);
  if (latest === undefined) return container.restartCount;
  if (container.role === 'init' && latest.exitCode === 0) return container.restartCount;
  return container.restartCount + 1;
}

import type { Limits, PodRecord } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import { type ContainerView, containersOf } from '../status/built-in/containers.ts';
import { blockedCause } from './blocked.ts';
import { configurationCause } from './configuration.ts';
import { crashCause } from './crashes.ts';
import { creationCause } from './creation.ts';
import { objectCause } from './custom-objects.ts';
import { goneCause, takenCause } from './drift.ts';
import type { Cause } from './evidence/cause.ts';
import { pullCause } from './images.ts';
import { sandboxCause, volumeCause } from './mounting.ts';
import { leavingCause, lostCause } from './pods.ts';
import { gateCause, readinessCause } from './probes.ts';
import { producerCause } from './producing.ts';
import { schedulingCause } from './scheduling.ts';
import { cannotRunCause } from './start-errors.ts';
import { askedRestartCause, flapCause, initialisingCause, startupCause } from './startup-and-flapping.ts';
import { deadlineCause, endedCause, pausedCause } from './workloads.ts';

type ContainerRule = (
  view: WorkloadView,
  pod: PodRecord,
  container: ContainerView,
  limits: Limits,
) => Cause | undefined;

/** Tried in this order; a container has one cause, the first that applies. */
const containerRules: readonly ContainerRule[] = [
  cannotRunCause,
  configurationCause,
  pullCause,
  crashCause,
  askedRestartCause,
  startupCause,
  readinessCause,
  initialisingCause,
];

function containerCause(view: WorkloadView, pod: PodRecord, container: ContainerView, limits: Limits) {
  const found = containerRules
    .map((rule) => rule(view, pod, container, limits))
    .filter((cause) => cause !== undefined);
  // A container that crashed and now runs unready has both causes: the one that can end the release comes first.
  return found.find((cause) => cause.fatality.when !== 'never') ?? found[0];
}

/** All current causes of a workload, unordered. Pods of other revisions are ignored. */
export function causesOf(view: WorkloadView, limits: Limits): readonly Cause[] {
  const ofPods = view.pods.flatMap((pod) => [
    schedulingCause(view, pod, limits),
    volumeCause(view, pod, limits),
    sandboxCause(view, pod, limits),
    gateCause(view, pod, limits),
    flapCause(view, pod, limits),
    ...containersOf(pod.object).map((container) => containerCause(view, pod, container, limits)),
  ]);
  return [
    takenCause(view),
    goneCause(view, limits),
    producerCause(view, limits) ?? objectCause(view, limits),
    blockedCause(view, limits),
    creationCause(view, limits),
    endedCause(view),
    deadlineCause(view, limits),
    pausedCause(view, limits),
    lostCause(view, limits),
    leavingCause(view, limits),
    ...ofPods,
  ].filter((cause) => cause !== undefined);
}

/** The cause with the highest rank; of equals, the first. */
export function mostTelling(causes: readonly Cause[]): Cause | undefined {
  return causes.reduce<Cause | undefined>(
    (best, cause) => (best === undefined || cause.weight > best.weight ? cause : best),
    undefined,
  );
}

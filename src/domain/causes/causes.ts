import type { Limits, PodRecord } from '../rollout/state.ts';
import type { Scene } from '../rollout/workload-view.ts';
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
import { askedRestartCause, initialisingCause, lapseCause, startupCause } from './startup-and-flapping.ts';
import { deadlineCause, endedCause, pausedCause } from './workloads.ts';

type ContainerRule = (
  scene: Scene,
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

function containerCause(scene: Scene, pod: PodRecord, container: ContainerView, limits: Limits) {
  const found = containerRules
    .map((rule) => rule(scene, pod, container, limits))
    .filter((cause) => cause !== undefined);
  // A container that once crashed and now runs unready is explained by both: the one that can end the release leads.
  return found.find((cause) => cause.doom.when !== 'never') ?? found[0];
}

/** Everything that is wrong with a workload now, in no order. Pods of other revisions are not looked at. */
export function causesOf(scene: Scene, limits: Limits): readonly Cause[] {
  const ofPods = scene.pods.flatMap((pod) => [
    schedulingCause(scene, pod, limits),
    volumeCause(scene, pod, limits),
    sandboxCause(scene, pod, limits),
    gateCause(scene, pod, limits),
    lapseCause(scene, pod, limits),
    ...containersOf(pod.object).map((container) => containerCause(scene, pod, container, limits)),
  ]);
  return [
    takenCause(scene),
    goneCause(scene, limits),
    producerCause(scene, limits) ?? objectCause(scene, limits),
    blockedCause(scene, limits),
    creationCause(scene, limits),
    endedCause(scene),
    deadlineCause(scene, limits),
    pausedCause(scene, limits),
    lostCause(scene, limits),
    leavingCause(scene, limits),
    ...ofPods,
  ].filter((cause) => cause !== undefined);
}

/** The cause that explains most; of equals, the first. */
export function mostTelling(causes: readonly Cause[]): Cause | undefined {
  return causes.reduce<Cause | undefined>(
    (best, cause) => (best === undefined || cause.weight > best.weight ? cause : best),
    undefined,
  );
}

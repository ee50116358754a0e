import { conditionOf, textAt, timeOf } from '../fields.ts';
import { titleOf } from '../objects.ts';
import type { Scene } from '../rollout/scene.ts';
import type { Limits, PodRecord } from '../rollout/state.ts';
import { type ContainerView, containersOf, endsOf, isHeldBack } from '../status/containers.ts';
import { isReady, isTerminating, phaseOf } from '../status/pod.ts';
import { type Cause, causeOf, containerTitle, type Doom } from './cause.ts';

/**
 * Old pods of a StatefulSet that are stuck. With OrderedReady its controller waits for each pod to be ready before it looks
 * at the next one, also for pods of a revision that it is about to replace: one that crashes blocks the update that would
 * mend it, until somebody deletes it (kubernetes#67250; Kubernetes, StatefulSets, "Forced rollback").
 */
export function blockedCause(scene: Scene, limits: Limits): Cause | undefined {
  const live = scene.live?.object;
  if (scene.groupKind !== 'StatefulSet.apps' || live === undefined || !scene.observed) return undefined;
  if (textAt(live, 'spec', 'podManagementPolicy') === 'Parallel') return undefined;
  if (textAt(live, 'spec', 'updateStrategy', 'type') === 'OnDelete') return undefined;
  const stuck = scene.allPods.flatMap((pod) => {
    const container = isOld(scene, pod) ? containersOf(pod.object).find(isStuck) : undefined;
    return container === undefined ? [] : [{ pod, container }];
  });
  const [first] = stuck;
  if (first === undefined) return undefined;
  const names = stuck.map(({ pod }) => pod.object.metadata.name);
  const { container } = first;
  const ended = container.terminated ?? container.previous;
  const trouble =
    ended === undefined ? (container.waiting?.reason ?? 'not started') : `exited with code ${ended.exitCode}`;
  const title = titleOf(scene.target.reference);
  return causeOf(scene, {
    reason: 'old-pod-blocks',
    doom: doomOf(scene, stuck, limits),
    weight: 94,
    container,
    evidenceAt: ended?.finishedAt,
    message: `${title} cannot be updated: its controller waits for pod ${names.join(', ')} of the release before to be ready (${containerTitle(container)}: ${trouble}).`,
    remedy: `Run \`kubectl --namespace ${live.metadata.namespace ?? ''} delete pod ${names.join(' ')}\` and deploy again: the controller never replaces a pod that is not ready by itself.`,
  });
}

function isOld(scene: Scene, pod: PodRecord): boolean {
  const { object } = pod;
  if (scene.pods.includes(pod) || isTerminating(object) || isReady(object)) return false;
  // The controller makes ended pods anew by itself.
  return !['Failed', 'Succeeded'].includes(phaseOf(object));
}

/** Between two tries: what runs may yet get ready. */
function isStuck(container: ContainerView): boolean {
  const ended = container.terminated ?? container.previous;
  if (container.role === 'init' && ended?.exitCode === 0) return false;
  return (
    container.terminated !== undefined || (isHeldBack(container) && container.runningSince === undefined)
  );
}

/** So many ends make a crash loop (see crashes.ts); those from before count too, but we must have seen one. */
const loop = 3;

/**
 * What this release brings (a ConfigMap) may mend an old pod, and one that falls over once comes back: it is a loop, or has
 * the allowance from when it was last ready.
 */
function doomOf(
  scene: Scene,
  stuck: readonly { readonly pod: PodRecord; readonly container: ContainerView }[],
  limits: Limits,
): Doom {
  const loops = ({ pod, container }: (typeof stuck)[number]) =>
    endsOf(container) >= loop && endsOf(container) > (pod.endsAtFirst.get(container.name) ?? 0);
  if (stuck.some(loops)) return { when: 'now' };
  const unready = stuck.map(({ pod }) => timeOf(conditionOf(pod.object, 'Ready')?.lastTransitionTime) ?? 0);
  const since = Math.max(limits.startedAt, scene.live?.generationAt ?? 0, Math.min(...unready));
  return { when: 'after', since, allowance: limits.budgets.creation };
}

/** Answers that several kinds give. */
import { numberAt, textAt } from '../kubernetes/fields.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';
import { replicasOf } from '../kubernetes/surge.ts';
import type { CountFacts, PodCounts } from './kind.ts';

export function always(): true {
  return true;
}

export function never(): false {
  return false;
}

export function none(): 0 {
  return 0;
}

export function nothing(): undefined {
  return undefined;
}

/** The answer of kinds whose fields nobody else fills in (`handedOver`). */
export function noFields(): readonly string[] {
  return [];
}

/** Kinds without revisions. */
export function allPods(): () => true {
  return always;
}

/** Whether a pod of any revision is ready, by the controller's count. */
export function hasReadyReplicas(live: KubernetesObject): boolean {
  return (numberAt(live, 'status', 'readyReplicas') ?? 0) > 0;
}

/** Whether a pod of any revision has been ready for `minReadySeconds`, by the controller's count. */
export function hasAvailableReplicas(live: KubernetesObject): boolean {
  return (numberAt(live, 'status', 'availableReplicas') ?? 0) > 0;
}

/** Pods that the object asks for: `spec.replicas`, 1 where it is not set. */
export function replicasWanted(live: KubernetesObject): number {
  return replicasOf(live);
}

/** Also where an autoscaler has scaled it to nothing: the number is the live one. */
export function scaledToZero(_live: KubernetesObject, wanted: number): string | undefined {
  return wanted === 0 ? 'scaled to zero' : undefined;
}

export const idleOnDelete = 'OnDelete, and no pod was deleted';

/** It is new, or asks for more pods than it has. */
export function addsPods(live: KubernetesObject | undefined, object: KubernetesObject): boolean {
  return live === undefined || replicasOf(object) > replicasOf(live);
}

/** Old pods stay until somebody deletes them, or below the partition. */
export function keepsByStrategy(live: KubernetesObject): boolean {
  const partition = numberAt(live, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0;
  return textAt(live, 'spec', 'updateStrategy', 'type') === 'OnDelete' || partition > 0;
}

/** `spec.replicas` of the live object, or else of the one that was sent. */
export function desiredReplicas({ live, desired }: CountFacts): number {
  return replicasOf(live ?? desired);
}

/** Where no controller counts the updated ones: the pods of this release. */
export function countPods(facts: CountFacts): PodCounts {
  return { updated: facts.pods, ready: facts.readyPods, desired: desiredReplicas(facts) };
}

/** An object without pods of its own is one thing that is there or not. */
export function countObject({ written, current }: CountFacts): PodCounts {
  return { updated: written ? 1 : 0, ready: current ? 1 : 0, desired: 1 };
}

/** As the API server would generate it: the hash of a pod template. */
export const exampleHash = '5d4f8c7b9f';

/** As the API server would generate it. */
export const exampleUid = '00000000-0000-4000-8000-000000000000';

/** Legal as a label's value. */
export function labelValue(text: string, longest = 63): string {
  return text.slice(0, longest).replace(/[^A-Za-z0-9]+$/, '');
}

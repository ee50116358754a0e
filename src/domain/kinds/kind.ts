/** The interface of a workload kind. Each kind implements it in its own file. */

import type { KubernetesObject } from '../kubernetes/objects.ts';
import type { FieldPath } from '../kubernetes/source-location.ts';
import type { Status } from '../status/generic/status.ts';

/** Traits of any object that a release waits for, also of one whose kind has no file here (`other.ts`). */
export interface KindTraits {
  /** Where its pods are: the object itself is a pod, it owns them, or its ReplicaSets do. */
  readonly pods: 'itself' | 'owned' | 'owned-by-replica-sets';
  /** Whether its pods serve until somebody deletes them, or do their work and end. */
  readonly runs: 'until-deleted' | 'to-completion';
  /** What a terminated pod means, also after success: its controller replaces it, it is the result, or unknown. */
  readonly endedPods: 'replaced' | 'final' | 'unknown';
  /** Whether its controller always reports an observedGeneration: without one it has not seen the object yet. */
  readonly reportsGeneration: boolean;
  /** Whether pods are interchangeable: then a failing surplus pod does not matter. */
  readonly podsAlike: boolean;

  /** Which pods are of the revision that the object asks for now. */
  currentPods(live: KubernetesObject, seen: SeenPods): (pod: KubernetesObject) => boolean;
  /** How many pods of this revision must be up before the object is done, where it has `current` of them. */
  wantedPods(live: KubernetesObject, current: number): number;
  /** How many pods its controller keeps, of any revision; undefined where they come and go. */
  keptPods(object: KubernetesObject): number | undefined;
  /** Whether pods of earlier revisions stay by design (partition, OnDelete). */
  keepsOldPods(live: KubernetesObject): boolean;
  /** Whether its rolling update ends old pods by itself, and so frees room and quota, while new ones are refused. */
  removesOldPods(live: KubernetesObject): boolean;
  /** Whether its controller makes no new pod before an old one is gone. */
  waitsForOldPods(live: KubernetesObject): boolean;
  /**
   * Where each pod has to be ready before the next one is updated: the first ordinal that is updated at all, undefined
   * where this object does not ask for that. The question is absent where no object of the kind does.
   */
  readonly orderedFrom: ((live: KubernetesObject) => number | undefined) | undefined;

  /** Where the controller says that it may not create pods. */
  readonly refusedPodsIn: 'its-condition' | 'condition-of-replica-set' | 'events';
  /** Whether the condition of an exceeded progressDeadlineSeconds stands, be it of this release or of an earlier one. */
  pastProgressDeadline(live: KubernetesObject): boolean;
  /** How its rollout is paused; undefined where it cannot be. */
  readonly pause: Pause | undefined;

  /** The columns of the workload table. */
  counts(facts: CountFacts): PodCounts;
  /** Why no pod of it ran although it is done, half a sentence. Only asked where none did. */
  whyIdle(live: KubernetesObject, wanted: number): string | undefined;
}

/** A kind that has a file here. */
export interface WorkloadKind extends KindTraits {
  readonly apiVersion: string;
  readonly kind: string;
  /** The resource, as in a Role: `deployments`. */
  readonly plural: string;
  /** Where the pod template stands; undefined where Orion does not look into it. */
  readonly templatePath: FieldPath | undefined;
  /**
   * What a release waits for: that its pods are rolled out, only its own status, or nothing.
   * `rollout` is what the documentation calls a workload: it is also taken to be lost when somebody deletes it, called by smoke
   * tests and monitored.
   */
  readonly waitsFor: 'rollout' | 'status' | 'nothing';
  /** `countsDeadline` is false where an exceeded progress deadline is known to be of an earlier release. */
  status(object: KubernetesObject, countsDeadline?: boolean): Status;

  /** Watched in every release, before its first write; undefined: only where the release has one. */
  readonly watch: { readonly managedFields: boolean } | undefined;
  /** What every release needs, whether its overlay has one or not. */
  readonly standingVerbs: readonly ('get' | 'list' | 'watch')[];
  /** Whether one that is left in the namespace keeps the ConfigMaps and Secrets that it names from being pruned. */
  readonly keepsConfiguration: boolean;
  /** The PersistentVolumeClaims that a claim template makes, as far as their names are known before; absent without claim templates. */
  readonly claimNames: ((object: KubernetesObject, template: string) => readonly string[]) | undefined;

  /** Whether the rollout starts a pod before it may end one; `object` as the server would store it. */
  needsExtraPod(live: KubernetesObject | undefined, object: KubernetesObject): boolean;
  /** Pods of one that is created, in a cluster with these nodes. */
  newPods(object: KubernetesObject, nodes: readonly KubernetesObject[]): number;
  /** Pods beyond its replicas while it is rolled out; `least`: without those that the rollout can do without, because it may end a pod first. */
  surgePods(object: KubernetesObject, least: boolean): number;
  /** Whether some of it serves, or is at work, while its controller still changes the rest. */
  serves(live: KubernetesObject): boolean;
  /** Who creates its pods; undefined where that is not known, or nobody does. */
  readonly podMaker: PodMaker | undefined;

  /** The fields below `spec`, as in `managedFields`, that others may fill in while the object is held, as the overlay asks. */
  handedOver(spec: Readonly<Record<string, unknown>>): readonly string[];
  /** Whether `suspend` in the overlay means that a queue starts it. */
  readonly startedByQueues: boolean;
  /** Whether what its pods did stays when it is deleted. */
  readonly leavesTraces: boolean;
  /** Whether the server copies the labels of the template to an object that has none. */
  readonly labelledByTemplate: boolean;
}

/** What is known besides the object when its current pods are looked for. */
export interface SeenPods {
  /** Its controller has seen the object as it is. */
  readonly observed: boolean;
  /** All pods below it. */
  readonly pods: readonly { readonly object: KubernetesObject }[];
  /** The ReplicaSet of its template, if it has any. */
  readonly replicaSet: KubernetesObject | undefined;
}

/** How the rollout of a kind is paused. */
interface Pause {
  /** The field that is true then. */
  readonly field: readonly string[];
  /** What goes behind `kubectl --namespace NAMESPACE` to let it go on. */
  resume(name: string): string;
}

/** What the columns of the workload table are made of. */
export interface CountFacts {
  readonly desired: KubernetesObject;
  readonly live: KubernetesObject | undefined;
  /** The live object, once it is the one that we wrote and its controller has seen it. */
  readonly seen: KubernetesObject | undefined;
  readonly written: boolean;
  /** It is done, and its pods are up. */
  readonly current: boolean;
  /** Pods of this release. */
  readonly pods: number;
  readonly readyPods: number;
}

/** `ready` counts pods of this release only; `updated` is the controller's word once it has seen the change. */
export interface PodCounts {
  readonly updated: number;
  readonly ready: number;
  readonly desired: number;
}

/** Who creates the pods of a workload, and what it writes into their metadata. */
export interface PodMaker {
  readonly apiVersion: string;
  readonly kind: string;
  /** Its ServiceAccount in kube-system; undefined where it is not one of Kubernetes' own controllers. */
  readonly account: string | undefined;
  /** Labels that it adds, given the name of the workload. */
  readonly labels: (name: string) => Readonly<Record<string, string>>;
  /** True where the maker is itself made by the workload, under a name of its own. */
  readonly between: boolean;
}

/** Which workload and revision each pod belongs to. */
import { traitsOf } from '../kinds/table.ts';
import {
  groupKindOf,
  type KubernetesObject,
  keyOf,
  type ObjectReference,
  titleOf,
} from '../kubernetes/objects.ts';
import { controllerKey } from '../rollout/observe.ts';
import { shardAt, shardEntries } from '../rollout/persistent-map.ts';
import type { PodRecord, RolloutState } from '../rollout/state.ts';
import { pausedOnPurpose, type WorkloadView, workloadViewOf } from '../rollout/workload-view.ts';
import { isTerminating, phaseOf } from '../status/built-in/pod.ts';
import { podTemplateOf } from '../workloads/workloads.ts';
import { selects } from './endpoints.ts';

/**
 * `ours`: of this release, or allowed beside it (partition, OnDelete). `old`: of an earlier revision of a workload
 * that this release changed. `former`: of a workload of an earlier release that this one no longer has. `other`: of
 * an unknown owner.
 */
export type Membership = 'ours' | 'old' | 'former' | 'other';

/** A pod that has not ended, and how it belongs to the release. */
export interface Member {
  readonly pod: KubernetesObject;
  readonly membership: Membership;
  /** Of a workload that this release changed. */
  readonly changed: boolean;
  /** It is being deleted: it need not be in any endpoint. */
  readonly leaving: boolean;
}

/** A workload whose pods a Service could select: its template, and its current number of replicas. */
export interface Source {
  readonly title: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly podSpec: unknown;
  /** 0: scaled to zero. Undefined: pods that come and go (a Job's). */
  readonly wanted: number | undefined;
}

/** All pods of the release's namespace at one moment, by labels. */
export interface Members {
  /** The pods with all these labels. */
  selectedBy(selector: Readonly<Record<string, string>>): readonly Member[];
  readonly sources: readonly Source[];
}

/** `former` are the keys of workloads that the previous record lists and the overlay no longer has. */
export function membersOf(
  state: RolloutState,
  former: ReadonlySet<string>,
  rendered: readonly KubernetesObject[],
): Members {
  const known = new Map<string, Member>();
  for (const target of state.targets) {
    for (const member of membersOfTarget(workloadViewOf(state, target))) {
      known.set(keyOf({ ...target.reference, ...podName(member.pod) }), member);
    }
  }
  const pods: Member[] = [];
  for (const [key, record] of shardEntries(state.pods)) {
    if (isLive(record)) pods.push(known.get(key) ?? strange(state, former, record));
  }
  return { selectedBy: byLabels(pods), sources: [...sourcesOf(state, former, rendered).values()] };
}

/** Scans only the pods with the rarest of the labels: a thousand Services must not each scan every pod. */
function byLabels(pods: readonly Member[]): Members['selectedBy'] {
  const index = new Map<string, Member[]>();
  for (const member of pods) {
    for (const [name, value] of Object.entries(member.pod.metadata.labels ?? {})) {
      const label = `${name}=${value}`;
      const known = index.get(label);
      if (known === undefined) index.set(label, [member]);
      else known.push(member);
    }
  }
  return (selector) => {
    const candidates = Object.entries(selector).map(([name, value]) => index.get(`${name}=${value}`) ?? []);
    const fewest = candidates.reduce((best, one) => (one.length < best.length ? one : best), pods);
    return fewest.filter(({ pod }) => selects(selector, pod.metadata.labels));
  };
}

function podName(pod: KubernetesObject) {
  return { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name };
}

function membersOfTarget(view: WorkloadView): readonly Member[] {
  const current = new Set([...view.pods, ...view.failedPods].map((pod) => pod.object));
  const { changed } = view.target;
  return view.allPods.filter(isLive).map(({ object }) => {
    const leaving = isTerminating(object);
    const fresh = current.has(object) || !changed || keepsOldPods(view) || view.kind.runs === 'to-completion';
    return { pod: object, membership: fresh ? 'ours' : 'old', changed, leaving };
  });
}

/** Neither ended nor evicted. */
function isLive({ object }: PodRecord): boolean {
  return phaseOf(object) !== 'Succeeded' && phaseOf(object) !== 'Failed';
}

/** With OnDelete, a partition or a pause in the overlay, old pods remain by design. */
function keepsOldPods(view: WorkloadView): boolean {
  const live = view.live?.object;
  return pausedOnPurpose(view) || (live !== undefined && view.kind.keepsOldPods(live));
}

function strange(state: RolloutState, former: ReadonlySet<string>, { object }: PodRecord): Member {
  const owner = controllerKey(object);
  const above = owner === undefined ? undefined : shardAt(state.workloads, owner);
  const root = above === undefined ? undefined : controllerKey(above.object);
  const left = [owner, root].some((key) => key !== undefined && former.has(key));
  return {
    pod: object,
    membership: left ? 'former' : 'other',
    changed: false,
    leaving: isTerminating(object),
  };
}

/**
 * Workloads of the namespace and of the overlay; ReplicaSets are represented by their Deployment, former workloads
 * are left out.
 */
function sourcesOf(
  state: RolloutState,
  former: ReadonlySet<string>,
  rendered: readonly KubernetesObject[],
): ReadonlyMap<string, Source> {
  const sources = new Map<string, Source>();
  for (const object of rendered) add(sources, object);
  for (const [key, { object }] of shardEntries(state.workloads)) {
    if (former.has(key) || controllerKey(object) !== undefined) continue;
    add(sources, object);
  }
  return sources;
}

function add(sources: Map<string, Source>, object: KubernetesObject): void {
  const template = podTemplateOf(object);
  if (template === undefined) return;
  const { apiVersion, kind, metadata } = object;
  const reference: ObjectReference = {
    apiVersion,
    kind,
    name: metadata.name,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  };
  const of = template as {
    readonly metadata?: { readonly labels?: Source['labels'] };
    readonly spec?: unknown;
  };
  sources.set(keyOf(reference), {
    title: titleOf(reference),
    labels: of.metadata?.labels ?? {},
    podSpec: of.spec,
    wanted: traitsOf(groupKindOf(object)).keptPods(object),
  });
}

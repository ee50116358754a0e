/** All workload kinds. A kind is added by a file beside this one, a name here and a line in the table. */
import { groupKindOf } from '../kubernetes/objects.ts';
import { argoRollout } from './argo-rollout.ts';
import { cloneSet } from './cloneset.ts';
import { cronJob } from './cronjob.ts';
import { daemonSet } from './daemonset.ts';
import { deployment } from './deployment.ts';
import { job } from './job.ts';
import type { KindTraits, WorkloadKind } from './kind.ts';
import { otherKind } from './other.ts';
import { pod } from './pod.ts';
import { replicaSet } from './replicaset.ts';
import { replicationController } from './replicationcontroller.ts';
import { statefulSet } from './statefulset.ts';

/** As `groupKindOf`. */
type WorkloadKindName =
  | 'CloneSet.apps.kruise.io'
  | 'CronJob.batch'
  | 'DaemonSet.apps'
  | 'Deployment.apps'
  | 'Job.batch'
  | 'Pod'
  | 'ReplicaSet.apps'
  | 'ReplicationController'
  | 'Rollout.argoproj.io'
  | 'StatefulSet.apps';

/** In the order in which they are watched, listed and named. */
const table: Readonly<Record<WorkloadKindName, WorkloadKind>> = {
  Pod: pod,
  'ReplicaSet.apps': replicaSet,
  'Deployment.apps': deployment,
  'StatefulSet.apps': statefulSet,
  'DaemonSet.apps': daemonSet,
  'Job.batch': job,
  'CronJob.batch': cronJob,
  ReplicationController: replicationController,
  'CloneSet.apps.kruise.io': cloneSet,
  'Rollout.argoproj.io': argoRollout,
};

const byName: ReadonlyMap<string, WorkloadKind> = new Map(Object.entries(table));

export const workloadKinds: readonly WorkloadKind[] = Object.values(table);

/** The kind of an object; undefined where it is no workload kind. */
export function workloadKindOf(object: {
  readonly apiVersion: string;
  readonly kind: string;
}): WorkloadKind | undefined {
  return byName.get(groupKindOf(object));
}

/** What holds for objects of a kind, also of one that is no workload kind. */
export function traitsOf(groupKind: string): KindTraits {
  return byName.get(groupKind) ?? otherKind;
}

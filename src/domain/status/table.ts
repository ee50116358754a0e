import { groupKindOf, type KubernetesObject } from '../objects.ts';
import { daemonSetStatus } from './daemonset.ts';
import { deploymentStatus } from './deployment.ts';
import { genericStatus } from './generic.ts';
import { jobStatus } from './job.ts';
import { podStatus } from './pod.ts';
import { replicaSetStatus } from './replicaset.ts';
import { statefulSetStatus } from './statefulset.ts';
import type { Status } from './status.ts';

/** One rule per GroupKind. Adding a kind is adding a file and a line. */
const rules: Readonly<Record<string, (object: KubernetesObject) => Status>> = {
  'Deployment.apps': (object) => deploymentStatus(object),
  'ReplicaSet.apps': replicaSetStatus,
  'StatefulSet.apps': statefulSetStatus,
  'DaemonSet.apps': daemonSetStatus,
  'Job.batch': jobStatus,
  Pod: podStatus,
};

/** The status of any object, by its kind's rule or by the generic one. */
export function statusOf(object: KubernetesObject): Status {
  return (rules[groupKindOf(object)] ?? genericStatus)(object);
}

import { groupKindOf, type KubernetesObject } from '../objects.ts';
import { argoRolloutStatus } from './argo-rollout.ts';
import { cronJobStatus } from './cronjob.ts';
import { customResourceDefinitionStatus } from './customresourcedefinition.ts';
import { daemonSetStatus } from './daemonset.ts';
import { deploymentStatus } from './deployment.ts';
import { endpointSliceStatus } from './endpointslice.ts';
import { genericStatus } from './generic.ts';
import { horizontalPodAutoscalerStatus } from './horizontalpodautoscaler.ts';
import { jobStatus } from './job.ts';
import { statusByRule } from './kind-rule.ts';
import { ingressStatus, serviceStatus } from './load-balancer.ts';
import { namespaceStatus } from './namespace.ts';
import { persistentVolumeClaimStatus } from './persistentvolumeclaim.ts';
import { podStatus } from './pod.ts';
import { podDisruptionBudgetStatus } from './poddisruptionbudget.ts';
import { byAnnotations } from './readiness.ts';
import { replicaSetStatus } from './replicaset.ts';
import { ruleFor } from './rules/rules.ts';
import { statefulSetStatus } from './statefulset.ts';
import type { Status } from './status.ts';

/** Kinds that take more than a table can say: one function each. All others have a rule in `rules/`, or none. */
const kinds: Readonly<Record<string, (object: KubernetesObject) => Status>> = {
  'Deployment.apps': (object) => deploymentStatus(object),
  'ReplicaSet.apps': replicaSetStatus,
  ReplicationController: replicaSetStatus,
  'StatefulSet.apps': statefulSetStatus,
  'DaemonSet.apps': daemonSetStatus,
  'Job.batch': jobStatus,
  'CronJob.batch': cronJobStatus,
  Pod: podStatus,
  Service: serviceStatus,
  'EndpointSlice.discovery.k8s.io': endpointSliceStatus,
  'Ingress.networking.k8s.io': ingressStatus,
  PersistentVolumeClaim: persistentVolumeClaimStatus,
  'PodDisruptionBudget.policy': podDisruptionBudgetStatus,
  'HorizontalPodAutoscaler.autoscaling': horizontalPodAutoscalerStatus,
  'CustomResourceDefinition.apiextensions.k8s.io': customResourceDefinitionStatus,
  Namespace: namespaceStatus,
  'Rollout.argoproj.io': argoRolloutStatus,
};

/** The status of any object: by its kind's function or rule, by the vocabulary, and by what its annotations say. */
export function statusOf(object: KubernetesObject): Status {
  return byAnnotations(object, statusByKind(object));
}

function statusByKind(object: KubernetesObject): Status {
  const own = kinds[groupKindOf(object)];
  if (own !== undefined) return own(object);
  const rule = ruleFor(object);
  return rule === undefined ? genericStatus(object) : statusByRule(rule, object);
}

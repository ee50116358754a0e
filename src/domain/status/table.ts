import { groupKindOf, type KubernetesObject } from '../kubernetes/objects.ts';
import { argoRolloutStatus } from './built-in/argo-rollout.ts';
import { cronJobStatus } from './built-in/cronjob.ts';
import { customResourceDefinitionStatus } from './built-in/customresourcedefinition.ts';
import { daemonSetStatus } from './built-in/daemonset.ts';
import { deploymentStatus } from './built-in/deployment.ts';
import { endpointSliceStatus } from './built-in/endpointslice.ts';
import { horizontalPodAutoscalerStatus } from './built-in/horizontalpodautoscaler.ts';
import { jobStatus } from './built-in/job.ts';
import { ingressStatus, serviceStatus } from './built-in/load-balancer.ts';
import { namespaceStatus } from './built-in/namespace.ts';
import { persistentVolumeClaimStatus } from './built-in/persistentvolumeclaim.ts';
import { podStatus } from './built-in/pod.ts';
import { podDisruptionBudgetStatus } from './built-in/poddisruptionbudget.ts';
import { replicaSetStatus } from './built-in/replicaset.ts';
import { statefulSetStatus } from './built-in/statefulset.ts';
import { genericStatus } from './generic/generic.ts';
import { statusByRule } from './generic/kind-rule.ts';
import type { Status } from './generic/status.ts';
import { byAnnotations } from './readiness.ts';
import { ruleFor } from './rules/rules.ts';

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

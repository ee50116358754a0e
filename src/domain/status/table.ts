import { groupKindOf, type KubernetesObject } from '../objects.ts';
import { argoRolloutStatus } from './argo-rollout.ts';
import { argoWorkflowStatus } from './argo-workflow.ts';
import { cronJobStatus } from './cronjob.ts';
import { customResourceDefinitionStatus } from './customresourcedefinition.ts';
import { daemonSetStatus } from './daemonset.ts';
import { deploymentStatus } from './deployment.ts';
import { endpointSliceStatus } from './endpointslice.ts';
import { genericStatus } from './generic.ts';
import { horizontalPodAutoscalerStatus } from './horizontalpodautoscaler.ts';
import { jobStatus } from './job.ts';
import { ingressStatus, serviceStatus } from './load-balancer.ts';
import { namespaceStatus } from './namespace.ts';
import { persistentVolumeClaimStatus } from './persistentvolumeclaim.ts';
import { podStatus } from './pod.ts';
import { podDisruptionBudgetStatus } from './poddisruptionbudget.ts';
import { byAnnotations } from './readiness.ts';
import { replicaSetStatus } from './replicaset.ts';
import { statefulSetStatus } from './statefulset.ts';
import type { Status } from './status.ts';

/** One rule per GroupKind. Adding a kind is adding a file and a line. */
const rules: Readonly<Record<string, (object: KubernetesObject) => Status>> = {
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
  'Workflow.argoproj.io': argoWorkflowStatus,
};

/** The status of any object, by its kind's rule or by the generic one, and by what its annotations say. */
export function statusOf(object: KubernetesObject): Status {
  return byAnnotations(object, (rules[groupKindOf(object)] ?? genericStatus)(object));
}

/** What a release waits for. */
import { workloadKindOf } from '../kinds/table.ts';
import { isCustomResource } from '../kubernetes/custom-resource.ts';
import { textAt } from '../kubernetes/fields.ts';
import { groupKindOf, type KubernetesObject } from '../kubernetes/objects.ts';
import { failedWhenAnnotation, readyWhenAnnotation } from '../status/generic/annotations.ts';

/** Besides the workloads: objects that others of the overlay depend on, and objects that their controller brings up. */
const awaitedKinds: ReadonlySet<string> = new Set([
  'PersistentVolumeClaim',
  'CustomResourceDefinition.apiextensions.k8s.io',
  'APIService.apiregistration.k8s.io',
]);

/** Custom resources that run at their time, or say something only when there is something to count: as CronJob and autoscalers. */
const ownTimeKinds: ReadonlySet<string> = new Set([
  'AdvancedCronJob.apps.kruise.io',
  'CronWorkflow.argoproj.io',
  'BackupSchedule.pingcap.com',
  'ScheduledBackup.postgresql.cnpg.io',
  'ScheduledBackup.postgresql.k8s.enterprisedb.io',
  'ScheduledSparkApplication.sparkoperator.k8s.io',
  'Schedule.velero.io',
  'Schedule.k8up.io',
  'VerticalPodAutoscaler.autoscaling.k8s.io',
]);

/**
 * Whether a release is green only when `statusOf` calls this object current: workloads, claims, Services that wait for
 * a load balancer, definitions, custom resources (Argo's Rollout is one), and whatever says by annotation what it waits for.
 *
 * Not awaited, although `statusOf` has a word for some of them:
 * - ConfigMap, Secret, ServiceAccount, RBAC, NetworkPolicy and other kinds without a controller: written is done.
 * - Service of another type: its endpoints are health's to judge, when the pods are up.
 * - HorizontalPodAutoscaler: without metrics it says so for minutes after each start, and the pods serve all the same.
 * - PodDisruptionBudget: it allows disruptions only when the pods are up, and those are awaited themselves.
 * - Ingress: controllers that publish no address are common (a status of their own is an option that is off by default), so
 *   waiting would never end. Who has one that does, asks for it:
 *   `orion.dev/ready-when: jsonpath={.status.loadBalancer.ingress}`.
 * - CronJob, and custom resources of its kind: they run at their time, not at ours. Namespace: checked before apply, active when it can be written to.
 * - EndpointSlice: made by the controllers of Services.
 */
export function awaited(object: KubernetesObject): boolean {
  const { annotations } = object.metadata;
  if (annotations?.[readyWhenAnnotation] !== undefined) return true;
  if (annotations?.[failedWhenAnnotation] !== undefined) return true;
  if (ownTimeKinds.has(groupKindOf(object))) return false;
  const kind = workloadKindOf(object);
  if (kind !== undefined) return kind.waitsFor !== 'nothing';
  if (isCustomResource(object)) return true;
  if (groupKindOf(object) === 'Service') return textAt(object, 'spec', 'type') === 'LoadBalancer';
  return awaitedKinds.has(groupKindOf(object));
}

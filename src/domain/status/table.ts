import { workloadKindOf } from '../kinds/table.ts';
import { groupKindOf, type KubernetesObject } from '../kubernetes/objects.ts';
import { customResourceDefinitionStatus } from './built-in/customresourcedefinition.ts';
import { endpointSliceStatus } from './built-in/endpointslice.ts';
import { horizontalPodAutoscalerStatus } from './built-in/horizontalpodautoscaler.ts';
import { ingressStatus, serviceStatus } from './built-in/load-balancer.ts';
import { namespaceStatus } from './built-in/namespace.ts';
import { persistentVolumeClaimStatus } from './built-in/persistentvolumeclaim.ts';
import { podDisruptionBudgetStatus } from './built-in/poddisruptionbudget.ts';
import { genericStatus } from './generic/generic.ts';
import { statusByRule } from './generic/kind-rule.ts';
import type { Status } from './generic/status.ts';
import { byAnnotations } from './readiness.ts';
import { ruleFor } from './rules/rules.ts';

/** Kinds besides the workloads that take more than a table can say: one function each. All others have a rule in `rules/`, or none. */
const otherKinds: Readonly<Record<string, (object: KubernetesObject) => Status>> = {
  Service: serviceStatus,
  'EndpointSlice.discovery.k8s.io': endpointSliceStatus,
  'Ingress.networking.k8s.io': ingressStatus,
  PersistentVolumeClaim: persistentVolumeClaimStatus,
  'PodDisruptionBudget.policy': podDisruptionBudgetStatus,
  'HorizontalPodAutoscaler.autoscaling': horizontalPodAutoscalerStatus,
  'CustomResourceDefinition.apiextensions.k8s.io': customResourceDefinitionStatus,
  Namespace: namespaceStatus,
};

/** The status of any object: by its kind's function or rule, by the vocabulary, and by its annotations. */
export function statusOf(object: KubernetesObject): Status {
  return byAnnotations(object, statusByKind(object));
}

function statusByKind(object: KubernetesObject): Status {
  const workload = workloadKindOf(object);
  if (workload !== undefined) return workload.status(object);
  const own = otherKinds[groupKindOf(object)];
  if (own !== undefined) return own(object);
  const rule = ruleFor(object);
  return rule === undefined ? genericStatus(object) : statusByRule(rule, object);
}

/** Admission (pod security, quota, webhooks) sees pods, not templates: so a Pod made from the changed template is asked about. */
import { isAboutImpersonation, isSameRefusal, podEvidenceOf } from '../../domain/checks/pod-refusal.ts';
import type { Refusal } from '../../domain/checks/refusal.ts';
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import type { PlannedChange } from '../../domain/plan/changes.ts';
import {
  accountUser,
  harmlessPod,
  podMakerAccount,
  podOfTemplate,
  podTemplateChanged,
} from '../../domain/workloads/pod-template.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { whereAllowed } from './where-allowed.ts';

interface PodAnswer {
  /** No pod of this template will be accepted. */
  readonly podRefusal?: Refusal;
  /** This identity was refused; whether the controller will be is not known. */
  readonly podDoubt?: Refusal;
}

/** Undefined where nothing is to be said. */
export async function askForPod(
  cluster: ClusterPort,
  { live, predicted }: PlannedChange,
): Promise<PodAnswer | undefined> {
  if (predicted === undefined || !podTemplateChanged(live, predicted)) return undefined;
  const pod = podOfTemplate(predicted);
  if (pod === undefined) return undefined;
  const refusal = await refusalOf(cluster, pod);
  if (refusal === undefined) return undefined;
  switch (podEvidenceOf(refusal)) {
    case 'none':
      return undefined;
    case 'certain':
      return { podRefusal: refusal };
    case 'unaskable':
      return { podDoubt: refusal };
    case 'perhaps':
      return askWhoIsMeant(cluster, predicted, pod, refusal);
  }
}

/**
 * A policy may let none but the controllers create pods. What the controller's account is allowed is allowed; what it is refused
 * is refused, if the controller uses that account at all. Else a Pod that has nothing of this release is asked about: what refuses
 * that one in the same words is perhaps about who asks.
 */
async function askWhoIsMeant(
  cluster: ClusterPort,
  workload: KubernetesObject,
  pod: KubernetesObject,
  refusal: Refusal,
): Promise<PodAnswer | undefined> {
  const account = podMakerAccount(workload);
  if (account !== undefined) {
    const told = await refusalOf(cluster, pod, accountUser(account));
    if (told === undefined) return undefined;
    const counts = !isAboutImpersonation(told) && podEvidenceOf(told) !== 'none';
    if (counts && (await whereAllowed(cluster, cluster.get(account))) !== undefined)
      return { podRefusal: told };
  }
  const control = await refusalOf(cluster, harmlessPod(workload));
  return control !== undefined && isSameRefusal(control, refusal)
    ? { podDoubt: refusal }
    : { podRefusal: refusal };
}

async function refusalOf(
  cluster: ClusterPort,
  pod: KubernetesObject,
  asUser?: string,
): Promise<Refusal | undefined> {
  try {
    const as = asUser === undefined ? {} : { asUser };
    await cluster.create(pod, { dryRun: true, fieldManager: 'orion', ...as });
    return undefined;
  } catch (error) {
    const refusal = cluster.refusalOf(error);
    if (refusal === undefined || refusal.status === 0) throw error;
    return refusal;
  }
}

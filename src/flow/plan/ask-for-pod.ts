/**
 * Admission (pod security, quota, webhooks) sees pods, not templates: so a Pod made from the changed template is sent
 * as a dry-run.
 */
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
  /** No pod of this template will be admitted. */
  readonly podRefusal?: Refusal;
  /** This identity was refused; whether the controller will be refused too is not known. */
  readonly podDoubt?: Refusal;
}

/** Undefined if there is nothing to report. */
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
 * A policy may allow only controllers to create pods. So the dry-run impersonates the controller's account: its
 * answer is final, if the controller uses that account at all. Else a neutral Pod without anything of this release is
 * tried: if it is refused with the same message, the refusal may be about the requesting user.
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

/** What the refusal of a Pod that was asked about by dry run says of the pods that a controller will make. */
import { type Refusal, refusalSentence } from './refusal.ts';

/**
 * - `none`: it says nothing of the template.
 * - `certain`: the API server itself says so, whoever asks.
 * - `perhaps`: a policy or a webhook says so, and may look at who asks.
 * - `unaskable`: a webhook has side effects and refuses every dry run.
 */
type PodEvidence = 'none' | 'certain' | 'perhaps' | 'unaskable';

/** This identity may not create pods, or what the pods name comes with the overlay (its absence is judged by its own check). */
const ownLack =
  /cannot create resource "pods"|error looking up service account|no PriorityClass with name|RuntimeClass.*not found/i;

/** Source: the admission plugins of kube-apiserver 1.36: PodSecurity, ResourceQuota, LimitRanger, NamespaceLifecycle. */
const builtIn =
  /violates PodSecurity|(?:exceeded|failed) quota|must specify|(?:maximum|minimum) \S+ usage per|max limit to request ratio|because it is being terminated|failed calling webhook/i;

/** Policies may answer with any status. */
const asked = /ValidatingAdmissionPolicy|MutatingAdmissionPolicy|admission webhook/;

/** How far the refusal of a dry-run Pod holds for the pods that the controller will make. */
export function podEvidenceOf({ status, message }: Refusal): PodEvidence {
  if (ownLack.test(message)) return 'none';
  if (/does not support dry ?run/i.test(message)) return 'unaskable';
  return (status === 422 && !asked.test(message)) || builtIn.test(message) ? 'certain' : 'perhaps';
}

/** This identity may not ask as somebody else. */
export function isAboutImpersonation({ status, message }: Refusal): boolean {
  return status === 403 && /cannot impersonate/.test(message);
}

/** The same rule refuses both, in the same words. */
export function isSameRefusal(one: Refusal, other: Refusal): boolean {
  return refusalSentence(one.message) === refusalSentence(other.message);
}

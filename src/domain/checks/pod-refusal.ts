/** What the dry-run refusal of a Pod implies for the pods that a controller will create. */
import { type Refusal, refusalSentence } from './refusal.ts';

/**
 * - `none`: nothing about the template. - `certain`: the API server itself refuses, independently of the user. -
 *   `perhaps`: a policy or webhook refuses, and may depend on the user.
 * - `unaskable`: a webhook has side effects and refuses every dry run.
 */
type PodEvidence = 'none' | 'certain' | 'perhaps' | 'unaskable';

/**
 * This identity may not create pods, or objects that the pods refer to are part of the overlay (their absence is
 * reported by another check).
 */
const ownLack =
  /cannot create resource "pods"|error looking up service account|no PriorityClass with name|RuntimeClass.*not found/i;

/** Source: the admission plugins of kube-apiserver 1.36: PodSecurity, ResourceQuota, LimitRanger, NamespaceLifecycle. */
const builtIn =
  /violates PodSecurity|(?:exceeded|failed) quota|must specify|(?:maximum|minimum) \S+ usage per|max limit to request ratio|because it is being terminated|failed calling webhook/i;

/** Policies may respond with any status. */
const asked = /ValidatingAdmissionPolicy|MutatingAdmissionPolicy|admission webhook/;

/** How far the refusal of a dry-run Pod holds for the pods that the controller will make. */
export function podEvidenceOf({ status, message }: Refusal): PodEvidence {
  if (ownLack.test(message)) return 'none';
  if (/does not support dry ?run/i.test(message)) return 'unaskable';
  return (status === 422 && !asked.test(message)) || builtIn.test(message) ? 'certain' : 'perhaps';
}

/** This identity may not impersonate. */
export function isAboutImpersonation({ status, message }: Refusal): boolean {
  return status === 403 && /cannot impersonate/.test(message);
}

/** The same rule refuses both with the same message. */
export function isSameRefusal(one: Refusal, other: Refusal): boolean {
  return refusalSentence(one.message) === refusalSentence(other.message);
}

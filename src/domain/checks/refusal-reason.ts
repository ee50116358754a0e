/** What a refusal of the API server means, and what helps. */
import type { Reason } from '../failure/reasons.ts';
import { type Refusal, refusalSentence } from './refusal.ts';

/** The words of the API server for fields that are fixed once the object is there. */
const cannotChange =
  /immutable|may not change once set|cannot change roleRef|can not be less than|Forbidden: updates to .* spec/;

/** @param title of the object that the API server refuses */
export function refusalReason(
  refusal: Refusal,
  title: string,
): { reason: Reason; message: string; remedy: string } {
  const said = refusalSentence(refusal.message);
  if (cannotChange.test(refusal.message)) {
    return {
      reason: 'immutable-field',
      message: `${title} changes a field that cannot be changed: ${said}`,
      remedy:
        'Undo that change, or give the object a new name; deleting and recreating it would interrupt service.',
    };
  }
  if (
    /admission webhook|failed calling webhook|ValidatingAdmissionPolicy|policy '[^']*' with binding '/.test(
      refusal.message,
    )
  ) {
    return {
      reason: 'webhook-refused',
      message: `${title} is refused by an admission rule of the cluster: ${said}`,
      remedy: /failed calling webhook/.test(refusal.message)
        ? 'The webhook itself does not answer: ask whoever runs it.'
        : 'Change what the rule names, or ask whoever runs it.',
    };
  }
  // The server says it as a 403, but no permission would help.
  if (/because it is being terminated/.test(refusal.message)) {
    return {
      reason: 'namespace-terminating',
      message: `${title} cannot be written: ${said}`,
      remedy: 'Wait until the namespace is gone, then deploy again.',
    };
  }
  if (refusal.status === 403) {
    return {
      reason: 'forbidden',
      message: `${title} may not be written: ${said}`,
      remedy: 'Give the identity of this job the permission, see the connectivity check.',
    };
  }
  const twice = /duplicate entries for key \[(containerPort)?/.exec(refusal.message);
  return {
    reason: 'object-invalid',
    message: `${title} is not valid: ${said}`,
    remedy:
      twice === null
        ? 'Correct the field in the overlay.'
        : twice[1] === undefined
          ? 'Server-side apply takes each key of the list once: remove the others.'
          : 'Server-side apply takes each port of a container once: keep one name for it, and let Services and probes use that name or the number.',
  };
}

/** What helps when a Pod is refused, by the API server's words. */
export function podRemedy(said: string): string {
  if (/violates PodSecurity/.test(said))
    return "Set the securityContext fields that the message names in the workload's pod template.";
  if (/exceeded quota/.test(said)) return 'Lower the requests or limits, or raise the ResourceQuota.';
  return 'Change the pod template as the message says.';
}

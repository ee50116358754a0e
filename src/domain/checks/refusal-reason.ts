/** The reason and remedy of a refusal by the API server. */
import type { Reason } from '../failure/reasons.ts';
import { type Refusal, refusalSentence } from './refusal.ts';

/** Messages of the API server about immutable fields. */
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
        'Revert that change, or give the object a new name; deleting and recreating it would interrupt service.',
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
        ? 'The webhook itself does not respond: ask its owner.'
        : 'Change what the rule names, or ask its owner.',
    };
  }
  // The server responds 403, but no permission would help.
  if (/because it is being terminated/.test(refusal.message)) {
    return {
      reason: 'namespace-terminating',
      message: `${title} cannot be written: ${said}`,
      remedy: 'Wait until the namespace is deleted, then deploy again.',
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
          ? 'Server-side apply accepts each key of the list once: remove the others.'
          : 'Server-side apply accepts each port of a container once: keep one name for it, and use that name or the number in Services and probes.',
  };
}

/** What helps when a Pod is refused, by the API server's words. */
export function podRemedy(said: string): string {
  if (/violates PodSecurity/.test(said))
    return "Set the securityContext fields that the message names in the workload's pod template.";
  if (/exceeded quota/.test(said)) return 'Lower the requests or limits, or raise the ResourceQuota.';
  return 'Change the pod template as the message says.';
}

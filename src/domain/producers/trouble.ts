/** What a producer says when it cannot make its Secret, and keeps trying. */
import { listAt, textAt, timeOf } from '../fields.ts';
import type { KubernetesObject } from '../objects.ts';
import { statusOf } from '../status/table.ts';

export interface Trouble {
  /** Its own words, foreign text: `could not get secret data from provider`. */
  readonly message: string;
  /** `SecretSyncedError`; the empty string where it names none. */
  readonly reason: string;
  /** Since when by the cluster's clock, milliseconds; absent where it does not say. */
  readonly since?: number;
}

/**
 * Words of an error. A condition that is not True says as often that work is under way (cert-manager: `Issuing certificate as Secret
 * does not exist`), and must not count.
 */
const errors =
  /error|fail|denied|invalid|forbidden|unauthori[sz]ed|cannot|can't|could not|couldn't|unable|refused|timed? ?out|not found|no such|no key could|unsupported|mismatch/i;

/**
 * The error that it reports now; undefined while it works, is done, or has said nothing. What its kind's rule calls failed counts by
 * that; of other kinds a condition with the status False whose words are those of an error.
 */
export function troubleOf(object: KubernetesObject): Trouble | undefined {
  const status = statusOf(object);
  if (status.word === 'current' || status.word === 'terminating' || status.code === 'not-observed')
    return undefined;
  const conditions = listAt(object, 'status', 'conditions').map((one) => ({
    status: textAt(one, 'status') ?? '',
    reason: textAt(one, 'reason') ?? '',
    message: textAt(one, 'message') ?? '',
    since: timeOf(textAt(one, 'lastTransitionTime')),
  }));
  const said = conditions.find(
    (one) => one.status === 'False' && errors.test(`${one.reason} ${one.message}`),
  );
  if (said !== undefined) {
    const { reason, message, since } = said;
    return {
      reason: message === '' ? '' : reason,
      message: message || reason,
      ...(since === undefined ? {} : { since }),
    };
  }
  return status.word === 'failed' ? { reason: '', message: status.message } : undefined;
}

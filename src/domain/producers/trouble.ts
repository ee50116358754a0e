/** The error of a producer that cannot create its Secret and keeps retrying. */
import { listAt, textAt, timeOf } from '../kubernetes/fields.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';
import { isFinal } from '../status/generic/status.ts';
import { statusOf } from '../status/table.ts';

interface Trouble {
  /** Its message, untrusted text: `could not get secret data from provider`. */
  readonly message: string;
  /** `SecretSyncedError`; the empty string where it names none. */
  readonly reason: string;
  /** Since when by the cluster's clock, milliseconds; absent where it does not say. */
  readonly since?: number;
}

/** The error that it reports now and may get over; undefined while it works, is done, has said nothing, or has given up. */
export function troubleOf(object: KubernetesObject): Trouble | undefined {
  const status = statusOf(object);
  if (status.word !== 'failed' || isFinal(status)) return undefined;
  const told = listAt(object, 'status', 'conditions').find((one) => {
    const message = textAt(one, 'message') ?? '';
    return message !== '' && status.message.includes(message);
  });
  if (told === undefined) return { reason: '', message: status.message };
  const since = timeOf(textAt(told, 'lastTransitionTime'));
  return {
    reason: textAt(told, 'reason') ?? '',
    message: textAt(told, 'message') ?? '',
    ...(since === undefined ? {} : { since }),
  };
}

import { ownedFieldsOf } from '../kubernetes/field-drift.ts';
import type { KubernetesObject, ObjectReference } from '../kubernetes/objects.ts';
import type { RolloutTarget } from './state.ts';

/** A target from what was sent and what the server answered (or, of an unchanged object, what is there). */
export function targetOf(
  { reference, desired }: { readonly reference: ObjectReference; readonly desired: KubernetesObject },
  changed: boolean,
  written: KubernetesObject | undefined,
): RolloutTarget {
  const { uid, generation } = written?.metadata ?? {};
  const owned = written === undefined || !changed ? undefined : ownedFieldsOf(written);
  return {
    reference,
    changed,
    ...(uid === undefined ? {} : { uid }),
    ...(generation === undefined ? {} : { generation }),
    ...(owned === undefined ? {} : { owned }),
    desired,
  };
}

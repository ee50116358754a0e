/** The keys of Secrets and ConfigMaps, and who keeps them there. */
import { fieldAt } from '../kubernetes/fields.ts';
import { clientSideApplyManager, isObject, isOurs } from '../kubernetes/managed-fields.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';

const dataFields = ['data', 'stringData', 'binaryData'] as const;

/** The keys of all data fields of a Secret or ConfigMap; values are not looked at. */
export function keysOf(holder: KubernetesObject): readonly string[] {
  return dataFields.flatMap((field) => {
    const values = holder[field];
    return isObject(values) ? Object.keys(values) : [];
  });
}

/**
 * The keys that stay in a live object whatever the overlay says of it, since another manager owns them. `adopts`: what
 * `kubectl apply` wrote becomes ours before the first change, and goes where the overlay no longer has it.
 */
export function keysOfOthers(live: KubernetesObject, adopts: boolean): readonly string[] {
  const owned = (live.metadata.managedFields ?? [])
    .filter((entry) => !isOurs(entry) && !(adopts && entry.manager === clientSideApplyManager))
    .flatMap(({ fieldsV1 }) =>
      dataFields.flatMap((field) => {
        const fields = fieldAt(fieldsV1, `f:${field}`);
        return isObject(fields) ? Object.keys(fields) : [];
      }),
    );
  const there = keysOf(live);
  return [...new Set(owned)].map((name) => name.replace(/^f:/, '')).filter((key) => there.includes(key));
}

/** The steps that are left to a person when undo could not do them: commands that need nothing but kubectl, jq and the record. */
import { groupKindOf, keyOf, type ObjectReference, titleOf } from '../objects.ts';
import type { ReleaseHead, StateBefore } from '../release.ts';

/** The configuration before, taken from the record itself: no value of it, secret or not, is shown anywhere. */
export function restoreByHand(
  reference: ObjectReference,
  before: readonly StateBefore[],
  release: Pick<ReleaseHead, 'app' | 'number'>,
  namespace: string,
): string {
  const index = before.findIndex((entry) => keyOf(entry.reference) === keyOf(reference));
  const chunks = `orion.dev/app=${release.app},orion.dev/number=${release.number},orion.dev/body`;
  return [
    `Restore ${titleOf(reference)} by hand:`,
    `kubectl get secrets -n ${namespace} -l ${chunks} -o jsonpath='{range .items[*]}{.data.chunk}{"\\n"}{end}' \\`,
    `  | while read -r chunk; do echo "$chunk" | base64 -d; done | gunzip | jq '.before[${index}].restore' \\`,
    '  | kubectl apply --server-side --field-manager=orion -f -',
  ].join('\n');
}

export function deleteByHand(reference: ObjectReference): string {
  const scope = reference.namespace === undefined ? '' : ` -n ${reference.namespace}`;
  return `Delete ${titleOf(reference)} by hand:\nkubectl delete ${groupKindOf(reference)} ${reference.name}${scope}`;
}

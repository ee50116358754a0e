/** Commands for steps that undo could not do: they need only kubectl, jq and the record. */
import { groupKindOf, keyOf, type ObjectReference, titleOf } from '../kubernetes/objects.ts';
import { type ReleaseHead, releaseName, type StateBefore } from '../release/record.ts';

/**
 * The configuration before, taken from the record itself: no value of it, secret or not, is shown anywhere. Which chunks make
 * the body is read from the head when the commands run: the body may have been rewritten since `release` was read, and names
 * of chunks sort as text, `body-10` before `body-2`.
 */
export function restoreByHand(
  reference: ObjectReference,
  before: readonly StateBefore[],
  release: Pick<ReleaseHead, 'app' | 'number'>,
  namespace: string,
): string {
  const index = before.findIndex((entry) => keyOf(entry.reference) === keyOf(reference));
  const { app, number } = release;
  return [
    `Restore ${titleOf(reference)} manually:`,
    `body=$(kubectl get secret ${releaseName(app, number)} -n ${namespace} -o jsonpath='{.data.release}' | base64 -d | gunzip | jq -c .body)`,
    `kubectl get secrets -n ${namespace} -l orion.dev/app=${app},orion.dev/number=${number},orion.dev/body -o json \\`,
    `  | jq -r --argjson body "$body" '[.items[] | select(.metadata.labels["orion.dev/body"] == $body.sha256[0:32])] | sort_by(.metadata.name | split("-") | last | tonumber) | .[-$body.chunks:][].data.chunk' \\`,
    `  | while read -r chunk; do echo "$chunk" | base64 -d; done | gunzip | jq '.before[${index}].restore' \\`,
    '  | kubectl apply --server-side --field-manager=orion -f -',
  ].join('\n');
}

/** The step for an object that undo could not delete. */
export function deleteByHand(reference: ObjectReference): string {
  const scope = reference.namespace === undefined ? '' : ` -n ${reference.namespace}`;
  return `Delete ${titleOf(reference)} manually:\nkubectl delete ${groupKindOf(reference)} ${reference.name}${scope}`;
}

/**
 * The plan digest: what a reviewer approved. A hash of the rendered objects and of the live values of the fields Orion would
 * write; Secret data and generated name suffixes are left out, because an ungated preview job has no production secrets.
 */
import type { PlannedChange } from './changes.ts';
import { applyEntryOf, canonicalJson, extractFields, fieldManager } from './managed-fields.ts';
import type { JsonObject, KubernetesObject } from './objects.ts';

/** Suffix that kustomize's generators append: ten characters of a hash, in its own alphabet (api/hasher). */
const generatedSuffix = /^(.+)-([2456789bcdfghkmt]{10})$/;

/** The text whose SHA-256 is the plan digest. */
export function planDigestText(changes: readonly PlannedChange[]): string {
  const names = generatedNames(changes.map((change) => change.desired));
  const parts = changes
    .map((change) => ({ rendered: withoutSecretData(change.desired), live: liveValues(change) }))
    .map((part) => normalise(canonicalJson(part), names))
    .sort();
  return parts.join('\n');
}

/** An absent object is like one that has none of our fields: a namespace that is only just made moves no plan. */
function liveValues(change: PlannedChange): JsonObject {
  if (change.live === undefined) return extractFields(change.desired, undefined);
  const written =
    change.predicted === undefined ? undefined : applyEntryOf(change.predicted, fieldManager)?.fieldsV1;
  return withoutSecretData(
    extractFields(change.live, written) as unknown as KubernetesObject,
  ) as unknown as JsonObject;
}

function withoutSecretData(object: KubernetesObject): KubernetesObject {
  if (object.kind !== 'Secret') return object;
  const { data: _data, stringData: _stringData, ...rest } = object;
  return rest as KubernetesObject;
}

function generatedNames(objects: readonly KubernetesObject[]): readonly string[] {
  return objects
    .filter((object) => object.kind === 'ConfigMap' || object.kind === 'Secret')
    .map((object) => object.metadata.name)
    .filter((name) => generatedSuffix.test(name));
}

function normalise(text: string, names: readonly string[]): string {
  return names.reduce(
    (result, name) => result.replaceAll(name, name.replace(generatedSuffix, '$1-generated')),
    text,
  );
}

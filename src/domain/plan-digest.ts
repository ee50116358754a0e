/**
 * The plan digest: what a reviewer approved. A hash of the rendered objects and of the live values of the fields Orion would
 * write; Secret data and generated name suffixes are left out, because an ungated preview job has no production secrets.
 */
import type { PlannedChange } from './changes.ts';
import { applyEntryOf, canonicalJson, extractFields, fieldManager } from './managed-fields.ts';
import type { JsonObject, KubernetesObject } from './objects.ts';
import { generatedSuffix } from './prune/generated-name.ts';

/** The text whose SHA-256 is the plan digest. */
export function planDigestText(changes: readonly PlannedChange[]): string {
  const bases = generatedBases(changes.map((change) => change.desired));
  const parts = changes
    .map((change) => ({ rendered: withoutSecretData(change.desired), live: liveValues(change) }))
    .map((part) => normalise(canonicalJson(part), bases))
    .sort();
  return parts.join('\n');
}

/** An absent object is like one that has none of our fields: a namespace that is only just made moves no plan. */
function liveValues(change: PlannedChange): JsonObject {
  // Which generated name is live already depends on the values, which a preview may not have.
  const generated = change.desired.kind === 'Secret' && generatedSuffix.test(change.reference.name);
  if (change.live === undefined || generated) return extractFields(change.desired, undefined);
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

/** The names that generators add a suffix to; live objects refer to the same names with older suffixes. */
function generatedBases(objects: readonly KubernetesObject[]): readonly string[] {
  const bases = objects
    .filter((object) => object.kind === 'ConfigMap' || object.kind === 'Secret')
    .map((object) => generatedSuffix.exec(object.metadata.name)?.[1])
    .filter((base) => base !== undefined);
  return [...new Set(bases)].sort();
}

function normalise(text: string, bases: readonly string[]): string {
  return bases.reduce((result, base) => result.replace(suffixed(base), '$1-generated'), text);
}

/** Of what may stand in a name, only the dot means something else in a pattern. */
function suffixed(base: string): RegExp {
  const literal = base.replaceAll('.', '\\.');
  return new RegExp(`(?<![a-z0-9.-])(${literal})-[2456789bcdfghkmt]{10}(?![a-z0-9.-])`, 'g');
}

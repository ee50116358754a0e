/**
 * The plan digest: what a reviewer approved. A hash of the rendered objects and of the live values of the fields Orion would
 * write; Secret data and generated name suffixes are left out, because an ungated preview job has no production secrets.
 */
import { generatedSuffix } from '../kubernetes/generated-name.ts';
import {
  applyEntryOf,
  canonicalJson,
  extractFields,
  fieldManager,
  isObject,
} from '../kubernetes/managed-fields.ts';
import type { JsonObject, JsonValue, KubernetesObject } from '../kubernetes/objects.ts';
import { projectOnto } from '../kubernetes/projection.ts';
import type { PlannedChange } from './changes.ts';

/** The text whose SHA-256 is the plan digest. */
export function planDigestText(changes: readonly PlannedChange[]): string {
  const bases = generatedBases(changes.map((change) => change.desired));
  const parts = changes
    .map((change) => ({ rendered: withoutSecretData(change.desired), live: liveValues(change) }))
    .map((part) => normalise(canonicalJson(part), bases))
    .sort();
  return parts.join('\n');
}

/**
 * Of the fields that the overlay names, and of those that we own and it no longer has. Both are known without asking the server
 * what a write would do: a preview that may not write has the same digest. An absent object is like one that has none of them:
 * a namespace that is only just made moves no plan.
 */
function liveValues({ desired, live, reference }: PlannedChange): JsonObject {
  const unowned = extractFields(desired, undefined);
  // Which generated name is live already depends on the values, which a preview may not have.
  if (live === undefined || (desired.kind === 'Secret' && generatedSuffix.test(reference.name)))
    return { named: {}, owned: unowned };
  const shown = withoutSecretData(live);
  const named = projectOnto(nameless(shown), nameless(withoutSecretData(desired)));
  const owned = extractFields(shown, applyEntryOf(live, fieldManager)?.fieldsV1);
  return { named: withoutEmpty(named) ?? {}, owned };
}

function nameless({ apiVersion: _version, kind: _kind, metadata, ...body }: KubernetesObject): JsonObject {
  const { name: _name, namespace: _namespace, ...rest } = metadata;
  return { ...body, metadata: rest } as unknown as JsonObject;
}

/** Undefined for what holds nothing: a map of labels without any of ours is like none. */
function withoutEmpty(value: JsonObject): JsonObject | undefined {
  const entries = Object.entries(value).flatMap(([key, member]): [string, JsonValue][] => {
    const kept = isObject(member) ? withoutEmpty(member) : member;
    return kept === undefined ? [] : [[key, kept]];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
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

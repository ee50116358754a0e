/** Every Secret and ConfigMap that a pod template refers to is there, with its key, and no Secret holds a placeholder. */
import type { Finding } from '../checks.ts';
import { isObject } from '../managed-fields.ts';
import { type KubernetesObject, type ObjectReference, referenceOf, titleOf } from '../objects.ts';
import type { Profile } from '../profile.ts';
import { isPlaceholder } from '../secrets/placeholders.ts';
import { type ConfigReference, referencesOf } from '../secrets/references.ts';
import type { FieldPath, SourceLocation } from '../source.ts';

export interface SecretFacts {
  readonly rendered: readonly KubernetesObject[];
  /** Live Secrets and ConfigMaps of the namespace that the overlay refers to and does not bring. */
  readonly live: readonly KubernetesObject[];
  /** Decoded text of a Secret's data value; undefined for what is not text. */
  readonly decode: (base64: string) => string | undefined;
  readonly locate: (reference: ObjectReference, path?: FieldPath) => SourceLocation;
}

export function judgeSecrets(facts: SecretFacts, profile: Profile): readonly Finding[] {
  const missing = facts.rendered.flatMap((workload) => missingOf(workload, facts));
  const secrets = [...facts.rendered, ...facts.live].filter((object) => object.kind === 'Secret');
  const placeholders = secrets.flatMap((secret) => placeholdersOf(secret, facts, profile));
  const findings = [...missing, ...placeholders];
  if (findings.length > 0) return findings;
  return [
    {
      level: 'pass',
      reason: 'ok',
      message: `Every Secret and ConfigMap that a pod refers to is there; ${secrets.length} Secret${secrets.length === 1 ? '' : 's'} checked for placeholders.`,
      remedy: '',
    },
  ];
}

/** What the overlay refers to and does not bring: to be looked up in the cluster. */
export function outsideReferences(
  rendered: readonly KubernetesObject[],
): readonly { readonly kind: 'Secret' | 'ConfigMap'; readonly name: string }[] {
  const brought = new Set(rendered.map((object) => `${object.kind}/${object.metadata.name}`));
  const wanted = rendered
    .flatMap((workload) => referencesOf(workload))
    .map(({ kind, name }) => ({ kind, name }));
  const unique = new Map(wanted.map((reference) => [`${reference.kind}/${reference.name}`, reference]));
  return [...unique].filter(([key]) => !brought.has(key)).map(([, reference]) => reference);
}

function missingOf(workload: KubernetesObject, facts: SecretFacts): readonly Finding[] {
  const reference = referenceOf(workload);
  return referencesOf(workload)
    .filter((wanted) => !wanted.optional)
    .flatMap((wanted) => {
      const holder = [...facts.rendered, ...facts.live].find(
        (object) => object.kind === wanted.kind && object.metadata.name === wanted.name,
      );
      const key = wanted.key;
      if (holder !== undefined && (key === undefined || keysOf(holder).includes(key))) return [];
      return [absence(reference, wanted, holder, facts)];
    });
}

function absence(
  reference: ObjectReference,
  wanted: ConfigReference,
  holder: KubernetesObject | undefined,
  facts: SecretFacts,
): Finding {
  const secret = wanted.kind === 'Secret';
  const place = { object: reference, location: facts.locate(reference, wanted.path) };
  if (holder === undefined) {
    return {
      level: 'fail',
      reason: secret ? 'secret-missing' : 'config-missing',
      message: `${titleOf(reference)} refers to ${wanted.kind} ${wanted.name}, which neither the overlay nor the namespace has.`,
      remedy: `Add it to the overlay's generators, or create it in the namespace before deploying.`,
      ...place,
    };
  }
  return {
    level: 'fail',
    reason: secret ? 'secret-key-missing' : 'config-key-missing',
    message: `${titleOf(reference)} refers to key ${wanted.key} of ${wanted.kind} ${wanted.name}, which has no such key.`,
    remedy: `Add the key ${wanted.key} to ${wanted.kind} ${wanted.name}, or correct the reference.`,
    ...place,
  };
}

function keysOf(holder: KubernetesObject): readonly string[] {
  return ['data', 'stringData', 'binaryData'].flatMap((field) => {
    const values = holder[field];
    return isObject(values) ? Object.keys(values) : [];
  });
}

function placeholdersOf(secret: KubernetesObject, facts: SecretFacts, profile: Profile): readonly Finding[] {
  const reference = referenceOf(secret);
  const rendered = facts.rendered.includes(secret);
  return valuesOf(secret, facts.decode)
    .filter(([, value]) => isPlaceholder(value))
    .map(([key]) => ({
      level: profile.levels.secretPlaceholder,
      reason: 'secret-placeholder',
      message: `Key ${key} of ${titleOf(reference)} still holds a placeholder.`,
      remedy: rendered
        ? 'Fill in the real value where the generator reads it.'
        : `Set the real value in the cluster's Secret ${secret.metadata.name}.`,
      object: reference,
      ...(rendered ? { location: facts.locate(reference, ['data', key]) } : {}),
    }));
}

function valuesOf(
  secret: KubernetesObject,
  decode: SecretFacts['decode'],
): readonly (readonly [string, string])[] {
  const data = isObject(secret['data']) ? Object.entries(secret['data']) : [];
  const stringData = isObject(secret['stringData']) ? Object.entries(secret['stringData']) : [];
  return [
    ...data.map(([key, value]): readonly [string, string | undefined] => [key, decode(String(value))]),
    ...stringData.map(([key, value]): readonly [string, string | undefined] => [key, String(value)]),
  ].filter((entry): entry is readonly [string, string] => entry[1] !== undefined);
}

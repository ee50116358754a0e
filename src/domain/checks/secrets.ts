/**
 * Every Secret and ConfigMap that a pod template refers to exists or will be created, with its key, and no Secret
 * contains a placeholder.
 */
import { isObject } from '../kubernetes/managed-fields.ts';
import { type KubernetesObject, type ObjectReference, referenceOf, titleOf } from '../kubernetes/objects.ts';
import type { FieldPath, SourceLocation } from '../kubernetes/source-location.ts';
import { type Answer, answerFor, type Supply } from '../producers/expectations.ts';
import { type Doubt, doubtOf } from '../secrets/placeholders.ts';
import { type ConfigReference, referencesOf } from '../secrets/references.ts';
import type { CheckLevel } from '../settings/levels.ts';
import type { Profile } from '../settings/profile.ts';
import type { Finding } from './finding.ts';

/** What of Secrets and ConfigMaps is there or will be, for the check of references and placeholders. */
export interface SecretFacts extends Supply {
  /** Decoded text of a Secret's data value; undefined if it is not text. */
  readonly decode: (base64: string) => string | undefined;
  readonly locate: (reference: ObjectReference, path?: FieldPath) => SourceLocation;
}

/** On a Secret: comma-separated keys whose values are intended. */
const allowPlaceholderAnnotation = 'orion.dev/allow-placeholder';

/** Findings for references that lead nowhere and for placeholders in Secrets; where there are none, one that passes. */
export function judgeSecrets(facts: SecretFacts, profile: Profile): readonly Finding[] {
  const sources = facts.rendered.flatMap((workload) => judgeSources(workload, facts));
  const secrets = [...facts.rendered, ...facts.live].filter((object) => object.kind === 'Secret');
  const placeholders = secrets.flatMap((secret) => placeholdersOf(secret, facts, profile));
  // Several pods of one Secret, or several keys of it, are reported once.
  const findings = [...new Map([...sources, ...placeholders].map((one) => [idOf(one), one])).values()];
  if (findings.some(({ level }) => level !== 'pass')) return findings;
  const later = findings.length > 0 ? 'exists or will be created' : 'exists';
  return [
    ...findings,
    {
      level: 'pass',
      reason: 'ok',
      message: `Every Secret and ConfigMap that a pod refers to ${later}; ${secrets.length} Secret${secrets.length === 1 ? '' : 's'} checked for placeholders.`,
      remedy: '',
    },
  ];
}

function idOf({ level, message, object }: Finding): string {
  return level === 'fail' ? `${message} ${object?.name}` : message;
}

/** Objects that the overlay refers to but does not contain: to be read from the cluster. */
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

function judgeSources(workload: KubernetesObject, facts: SecretFacts): readonly Finding[] {
  return referencesOf(workload)
    .filter((wanted) => !wanted.optional)
    .flatMap((wanted) => {
      const answer = answerFor(workload, wanted, facts);
      if (answer.state === 'there') return [];
      const reference = referenceOf(workload);
      const place = { object: reference, location: facts.locate(reference, wanted.path) };
      return [answer.state === 'expected' ? expected(wanted, answer, place) : absence(wanted, answer, place)];
    });
}

type Place = Pick<Finding, 'location'> & { readonly object: ObjectReference };

/** `Secret tokens`, or `key TOKEN of Secret tokens` if the object itself exists. */
function expected(
  { kind, name, key }: ConfigReference,
  { expectation: { by, how, certainty }, holds }: Answer & { readonly state: 'expected' },
  place: Place,
): Finding {
  const title = holds && key !== undefined ? `Key ${key} of ${kind} ${name}` : `${kind} ${name}`;
  if (certainty === 'sure') {
    return {
      level: 'pass',
      reason: 'ok',
      message: `${title} will be created by ${by}.`,
      remedy: '',
      ...place,
    };
  }
  const provides = `orion.dev/provides: ${kind}/${name}`;
  const message =
    certainty === 'unseen'
      ? `${title} does not exist, and this identity may not read whether ${by} of the namespace will create it.`
      : `${title} does not exist yet; ${by}${how === undefined ? '' : `, ${how},`} may create it.`;
  const remedy =
    certainty === 'unseen'
      ? `Allow this identity to list these kinds (docs/role.yaml), or add it to the overlay or the namespace.`
      : `If so, annotate it with \`${provides}\`; if not, add what is missing to the overlay or the namespace.`;
  return { level: 'warn', reason: 'producer-uncertain', message, remedy, ...place };
}

function absence(
  wanted: ConfigReference,
  { holder, madeWithout }: Answer & { readonly state: 'missing' },
  place: Place,
): Finding {
  const secret = wanted.kind === 'Secret';
  const title = `${wanted.kind} ${wanted.name}`;
  if (madeWithout !== undefined && wanted.key !== undefined) {
    return {
      level: 'fail',
      reason: secret ? 'secret-key-missing' : 'config-key-missing',
      message: `${titleOf(place.object)} refers to key ${wanted.key} of ${title}, which ${madeWithout} creates without such a key.`,
      remedy: `Configure ${madeWithout} to create the key ${wanted.key}, or correct the reference.`,
      ...place,
    };
  }
  if (holder === undefined) {
    return {
      level: 'fail',
      reason: secret ? 'secret-missing' : 'config-missing',
      message: `${titleOf(place.object)} refers to ${title}, which is neither in the overlay nor in the namespace, and nothing there creates it.`,
      remedy: `Add it to the overlay's generators, or create it in the namespace before deploying. If an object of the overlay creates it, annotate that object with \`orion.dev/provides: ${wanted.kind}/${wanted.name}\`.`,
      ...place,
    };
  }
  return {
    level: 'fail',
    reason: secret ? 'secret-key-missing' : 'config-key-missing',
    message: `${titleOf(place.object)} refers to key ${wanted.key} of ${title}, which has no such key.`,
    remedy: `Add the key ${wanted.key} to ${title}, or correct the reference.`,
    ...place,
  };
}

const doubts: Readonly<Record<Doubt, string>> = {
  placeholder: 'still contains a placeholder',
  variable: 'contains the unexpanded name of a variable',
  empty: 'is empty',
};

/**
 * Only Secrets of the overlay can fail: an empty value may switch a feature off, a variable may be expanded by the
 * program, and other Secrets are not managed here.
 */
function placeholdersOf(secret: KubernetesObject, facts: SecretFacts, profile: Profile): readonly Finding[] {
  const reference = referenceOf(secret);
  const rendered = facts.rendered.includes(secret);
  const allowed = (secret.metadata.annotations?.[allowPlaceholderAnnotation] ?? '').split(/[,;\s]+/);
  return valuesOf(secret, facts.decode).flatMap(([key, value]): readonly Finding[] => {
    const doubt = allowed.includes(key) ? undefined : doubtOf(value);
    if (doubt === undefined) return [];
    const level: CheckLevel = rendered && doubt === 'placeholder' ? profile.levels.secretPlaceholder : 'warn';
    const correct = rendered
      ? 'Set the real value in the source of the generator'
      : `Set the real value in the cluster's Secret ${secret.metadata.name}`;
    return [
      {
        level,
        reason: 'secret-placeholder',
        message: `Key ${key} of ${titleOf(reference)} ${doubts[doubt]}.`,
        remedy: `${correct}; if it is intended, annotate the Secret with \`${allowPlaceholderAnnotation}: ${key}\`.`,
        object: reference,
        ...(rendered ? { location: facts.locate(reference, ['data', key]) } : {}),
      },
    ];
  });
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

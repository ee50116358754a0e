/**
 * What must never be printed: values of Secrets, in every form in which a log, an error or a diff could repeat them.
 * Values under 8 characters are not masked (a `0` would mask the whole log); such values are never rendered at all.
 */
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';

/** Shortest text that is masked, in characters. */
export const minMaskLength = 8;

/** The values that are known by now, made ready for masking and for the search in texts. */
export interface SecretValues {
  /** What to pass to the runner: values and their lines; it derives the encoded forms itself. */
  readonly masks: readonly string[];
  /** Every form to search for, by its first `minMaskLength` characters. */
  readonly byPrefix: ReadonlyMap<string, FormsOfPrefix>;
}

/** Grouped by length, so that a thousand connection strings with the same prefix cost as much as one. */
interface FormsOfPrefix {
  readonly forms: Set<string>;
  /** Lengths that occur, longest first. */
  readonly lengths: number[];
}

function fieldsOf(secret: KubernetesObject, field: 'data' | 'stringData'): [string, string][] {
  const value = secret[field];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
}

function bytesOf(secret: KubernetesObject): Buffer[] {
  const encoded = fieldsOf(secret, 'data').map(([, value]) => Buffer.from(value, 'base64'));
  const plain = fieldsOf(secret, 'stringData').map(([, value]) => Buffer.from(value, 'utf8'));
  return [...encoded, ...plain];
}

/**
 * How these bytes appear in base64 inside a longer encoded text, for the three possible alignments, without the
 * characters at either end that also depend on the neighbouring bytes.
 */
function alignedBase64(bytes: Buffer): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    return encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
  });
}

function base64Forms(bytes: Buffer): string[] {
  const forms = [bytes.toString('base64'), ...alignedBase64(bytes)];
  const urlSafe = forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  return [...forms, ...urlSafe];
}

function jsonForms(text: string): string[] {
  const once = JSON.stringify(text).slice(1, -1);
  return [once, JSON.stringify(once).slice(1, -1), once.replaceAll('/', '\\/')];
}

function urlForms(text: string): string[] {
  const encoded = encodeURIComponent(text.toWellFormed());
  const lowerCase = encoded.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase());
  return [encoded, lowerCase, encoded.replaceAll('%20', '+'), encodeURI(text.toWellFormed())];
}

/** The whole value and, as the runner masks too, each of its lines. */
function textParts(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/).flatMap((line) => [line, line.trim()]);
  return [...new Set([text, text.trim(), ...lines])];
}

/** Text, its lines and base64 of the whole; for bytes that are not text, base64 only. */
function masksOf(bytes: Buffer): string[] {
  const text = bytes.toString('utf8');
  const encoded = bytes.toString('base64');
  return Buffer.from(text, 'utf8').equals(bytes) ? [...textParts(text), encoded] : [encoded];
}

function formsOf(bytes: Buffer): string[] {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) return base64Forms(bytes);
  const parts = textParts(text).filter(isMaskable);
  return parts.flatMap((part) => [
    part,
    ...base64Forms(Buffer.from(part, 'utf8')),
    ...jsonForms(part),
    ...urlForms(part),
  ]);
}

function isMaskable(text: string): boolean {
  return text.length >= minMaskLength && text.trim() !== '';
}

function longestFirst(texts: Iterable<string>): string[] {
  return [...texts].sort((left, right) => right.length - left.length);
}

function indexByPrefix(forms: ReadonlySet<string>): Map<string, FormsOfPrefix> {
  const index = new Map<string, FormsOfPrefix>();
  for (const form of longestFirst(forms)) {
    const prefix = form.slice(0, minMaskLength);
    const known = index.get(prefix) ?? { forms: new Set<string>(), lengths: [] };
    known.forms.add(form);
    if (known.lengths.at(-1) !== form.length) known.lengths.push(form.length);
    index.set(prefix, known);
  }
  return index;
}

function secretValuesOf(all: readonly Buffer[]): SecretValues {
  const values = all.filter(({ length }) => length >= minMaskLength);
  const masks = new Set(values.flatMap(masksOf).filter((mask) => isMaskable(mask) && !/[\r\n]/.test(mask)));
  const forms = new Set(values.flatMap(formsOf).filter(isMaskable));
  return { masks: longestFirst(masks), byPrefix: indexByPrefix(forms) };
}

/**
 * Collects the values of these Secrets, rendered (`stringData` too) and live alike; other objects are ignored. `texts` are
 * secrets that are in no Secret (a token, a webhook URL).
 */
export function collectSecretValues(
  objects: readonly KubernetesObject[],
  texts: readonly string[] = [],
): SecretValues {
  const secrets = objects.filter(({ kind }) => kind === 'Secret');
  return secretValuesOf([...secrets.flatMap(bytesOf), ...texts.map((text) => Buffer.from(text, 'utf8'))]);
}

/** What to hand to the runner's `setSecret`, one by one: single lines, longest first. */
export function masksFor(values: SecretValues): readonly string[] {
  return values.masks;
}

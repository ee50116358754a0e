/**
 * Converts a refusal of the API server into a sentence and a field path. Its messages are untrusted text, and dump
 * whole structs: `spec.template: Invalid value: {…}: field is immutable`, `.spec.replicas: expected numeric …, got
 * string`.
 */
import { isObject } from '../kubernetes/managed-fields.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';
import { withPolicyWords } from '../kubernetes/policy-refusal.ts';
import type { FieldPath } from '../kubernetes/source-location.ts';

/** A refusal as the API server words it (untrusted text). */
export interface Refusal {
  readonly status: number;
  /** `Invalid`, `Forbidden`, … */
  readonly reason: string;
  readonly message: string;
}

const longest = 600;

/**
 * One line that ends with a full stop: without the object's name, which the caller adds, and without dumps of values.
 */
export function refusalSentence(message: string): string {
  const causes = causesOf(withPolicyWords(message)).map(withoutDump);
  const more = causes.length > 3 ? ` and ${causes.length - 3} more` : '';
  return sentence(`${causes.slice(0, 3).join('; ')}${more}`);
}

/** The server's message as one line that ends with a full stop. */
export function sentence(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const short = line.length > longest ? `${line.slice(0, longest).trimEnd()}…` : line;
  return /[.!?…]$/.test(short) ? short : `${short}.`;
}

/** Every field that the message names, in the server's notation: `spec.volumes[0].configMap`. */
export function refusedPaths(message: string): readonly string[] {
  return causesOf(message).flatMap((cause) => fieldAtStart.exec(cause)?.[1] ?? []);
}

const fieldAtStart = /^\.?((?:[A-Za-z][\w-]*)(?:\.[\w-]+|\[[^\]]*\])*): /;

/** The first field that the message names, as a path into `rendered`, for the annotation's line. */
export function refusedField(message: string, rendered: KubernetesObject): FieldPath | undefined {
  const named = fieldAtStart.exec(causesOf(message)[0] ?? '')?.[1];
  const field = named ?? /unknown field "([^"]+)"/.exec(message)?.[1];
  const first = field?.split(/[.[]/)[0];
  const known = first !== undefined && (first in rendered || ['spec', 'data', 'metadata'].includes(first));
  return field === undefined || !known ? undefined : resolvePath(field, rendered);
}

/** `spec.a.containers[0].b` and `spec.a.containers[name="api"].b` alike; the path ends where a part is not found. */
export function resolvePath(text: string, rendered: unknown): FieldPath {
  const path: (string | number)[] = [];
  let node: unknown = rendered;
  for (const [, name, index, keys] of text.matchAll(/([\w-]+)|\[(\d+)\]|\[([^\]]*)\]/g)) {
    const step = name ?? (index === undefined ? indexOf(node, keys ?? '') : Number(index));
    if (step === undefined) break;
    path.push(step);
    node =
      isObject(node) || Array.isArray(node) ? (node as Record<string | number, unknown>)[step] : undefined;
  }
  return path;
}

/** `name="api"`, `containerPort=80,protocol="TCP"`: a key that the item lacks was defaulted. */
function indexOf(node: unknown, keys: string): number | undefined {
  if (!Array.isArray(node)) return undefined;
  const wanted = [...keys.matchAll(/([\w-]+)=("[^"]*"|[^,]+)/g)].map(([, key = '', value = '']) => ({
    key,
    value: value.replace(/^"|"$/g, ''),
  }));
  const found = node.findIndex(
    (item) =>
      isObject(item) &&
      wanted.every(({ key, value }) => item[key] === undefined || String(item[key]) === value),
  );
  return found < 0 ? undefined : found;
}

const prefixes = [
  // A policy that refuses as a whole names no field: `Pod "x" is invalid: : policy …`.
  /^\S+ "[^"]*" is (?:invalid|forbidden): (?:: )?/,
  /^failed to create typed patch object \([^)]*\): /,
  /^failed to convert new object \([^)]*\) to proper version: (?:unable to convert unstructured object to \S+ \S+: )?/,
  /^Internal error occurred: /,
];

/** The causes of one message: several come as `[a, b]`. Diffs that follow on lines of their own are left out. */
function causesOf(message: string): readonly string[] {
  const text = prefixes
    .reduce((rest, prefix) => rest.replace(prefix, ''), message.trim())
    .replace(/\n@@[\s\S]*$/, '');
  const list = /^\[(.*)\]$/s.exec(text)?.[1];
  return list === undefined ? [text] : list.split(/, (?=[a-z][A-Za-z]*(?:\.[\w-]+|\[[^\]]*\])*: )/);
}

function withoutDump(cause: string): string {
  return cause
    .replace(/Invalid value: (?:[\w.*&[\]]*\{.*\}|\[.*\]): /s, '')
    .replace(/&value\.valueUnstructured\{Value:(.*?)\}/g, '$1')
    .replace(/ \(e\.g\. .*$/s, '')
    .replace(/^\./, '');
}

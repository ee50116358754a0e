/**
 * What a release changes in one object, as a unified diff of YAML. Server-managed fields are left out. It never
 * contains values of Secrets, nor their length or a hash.
 */
import { structuredPatch } from 'diff';
import { stringify } from 'yaml';
import type { JsonObject, JsonValue, KubernetesObject } from '../../domain/kubernetes/objects.ts';
import { projectOnto } from '../../domain/kubernetes/projection.ts';
import { pathAround } from './hunk-path.ts';

interface DiffSides {
  /** Absent when the object is to be created. */
  readonly live?: KubernetesObject;
  readonly desired: KubernetesObject;
  /** The server's dry-run answer, where there is one. */
  readonly predicted?: KubernetesObject;
}

interface DiffOptions {
  /** Unchanged lines around a change; 3. */
  readonly contextLines?: number;
  /** Lines of one diff before it is cut; 2,000. */
  readonly maxLines?: number;
}

const bookkeeping = [
  'managedFields',
  'resourceVersion',
  'uid',
  'creationTimestamp',
  'generation',
  'selfLink',
];
// The whole manifest, Secret data included, as `kubectl apply` keeps it.
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const firstKeys = ['apiVersion', 'kind', 'metadata', 'name', 'namespace'];

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function without(value: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !fields.includes(name)));
}

function withoutBookkeeping(object: KubernetesObject): JsonObject {
  const { metadata, ...rest } = without(object as unknown as JsonObject, ['status']);
  if (!isObject(metadata)) return rest;
  const { annotations, ...kept } = without(metadata, bookkeeping);
  const shown = isObject(annotations) ? without(annotations, [lastApplied]) : {};
  return { ...rest, metadata: Object.keys(shown).length === 0 ? kept : { ...kept, annotations: shown } };
}

/** `data` and `stringData` of a Secret, decoded for comparison; never printed. */
function secretData(object: JsonObject | undefined): Map<string, string> {
  const data = isObject(object?.['data']) ? object['data'] : {};
  const plain = isObject(object?.['stringData']) ? object['stringData'] : {};
  return new Map([
    ...Object.entries(data).map(([key, value]) => [key, String(value)] as const),
    ...Object.entries(plain).map(
      ([key, value]) => [key, Buffer.from(String(value), 'utf8').toString('base64')] as const,
    ),
  ]);
}

function maskedSecret(object: JsonObject, other: JsonObject | undefined, isAfter: boolean): JsonObject {
  const before = secretData(other);
  const masked = [...secretData(object)].map(([key, value]) => {
    const changed = isAfter && other !== undefined && before.has(key) && before.get(key) !== value;
    return [key, changed ? '••• (changed)' : '•••'] as const;
  });
  const shown = without(object, ['data', 'stringData']);
  return masked.length === 0 ? shown : { ...shown, data: Object.fromEntries(masked) };
}

function rank(key: string): number {
  const at = firstKeys.indexOf(key);
  return at < 0 ? firstKeys.length : at;
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, sorted(item)] as const);
  return Object.fromEntries(
    entries.sort(([left], [right]) => rank(left) - rank(right) || (left < right ? -1 : 1)),
  );
}

function toYaml(object: JsonObject | undefined): string {
  if (object === undefined) return '';
  return stringify(sorted(object), { lineWidth: 0, aliasDuplicateObjects: false });
}

/** Before and after: the result of the server's dry run, or only the fields that the overlay sets. */
function comparable(sides: DiffSides): { before: JsonObject | undefined; after: JsonObject } {
  const desired = withoutBookkeeping(sides.desired);
  if (!sides.live) return { before: undefined, after: desired };
  const live = withoutBookkeeping(sides.live);
  if (sides.predicted) return { before: live, after: withoutBookkeeping(sides.predicted) };
  if (sides.desired.kind !== 'Secret') return { before: projectOnto(live, desired), after: desired };
  const named = [...secretData(desired).keys()];
  const data = [...secretData(live)].filter(([key]) => named.includes(key));
  return { before: { ...projectOnto(live, desired), data: Object.fromEntries(data) }, after: desired };
}

function cut(lines: readonly string[], maxLines: number): string[] {
  const more = lines.length - maxLines;
  return more > 0 ? [...lines.slice(0, maxLines), `… ${more} more lines`] : [...lines];
}

/**
 * The unified diff of live against what it will be, the empty string if nothing changes. Hunks are headed by the path
 * of the field they are in (`@@ spec.template.spec.containers @@`) instead of line numbers, which refer to no file. A
 * new object is shown as rendered, without the server's defaults.
 */
export function renderDiff(sides: DiffSides, options: DiffOptions = {}): string {
  const { contextLines = 3, maxLines = 2000 } = options;
  const { before, after } = comparable(sides);
  const isSecret = sides.desired.kind === 'Secret';
  const old = toYaml(before && isSecret ? maskedSecret(before, after, false) : before);
  const now = toYaml(isSecret ? maskedSecret(after, before, true) : after);
  if (old === now) return '';
  const patch = structuredPatch('', '', old, now, '', '', { context: contextLines, maxEditLength: 20_000 });
  if (patch === undefined) return 'Too many differences to show them line by line.';
  const lines = patch.hunks.flatMap((hunk) => [
    `@@ ${pathAround(hunk, old, now)} @@`,
    ...hunk.lines.filter((line) => !line.startsWith('\\')),
  ]);
  return cut(lines, maxLines).join('\n');
}

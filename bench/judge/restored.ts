/** Which objects of a namespace differ from before, but for what the API server and controllers write of themselves. */
import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject } from './writes.ts';

/** `Deployment web: spec.replicas 3, was 2`; a field that only one side has is `absent` on the other. */
export interface Difference {
  readonly object: string;
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

const serverMetadata = [
  'resourceVersion',
  'generation',
  'managedFields',
  'uid',
  'creationTimestamp',
  'selfLink',
];
/** Bookkeeping of controllers and of the tools themselves. */
const bookkeeping =
  /^(deployment\.kubernetes\.io\/|kubectl\.kubernetes\.io\/last-applied|kapp\.k14s\.io\/|meta\.helm\.sh\/|deprecated\.daemonset|pv\.kubernetes\.io\/|volume\.)/;

/** Objects by kind and name; `before` and `after` list the same kinds. */
export function differences(
  before: readonly KubernetesObject[],
  after: readonly KubernetesObject[],
): readonly Difference[] {
  const now = new Map(after.map((object) => [titleOf(object), object]));
  const then = new Map(before.map((object) => [titleOf(object), object]));
  const lost = before.flatMap((object): Difference[] => {
    const title = titleOf(object);
    const current = now.get(title);
    if (current === undefined) return [{ object: title, field: '', before: 'there', after: 'absent' }];
    return fieldsApart(cleaned(object), cleaned(current), '').map((apart) => ({ object: title, ...apart }));
  });
  const left = after
    .filter((object) => !then.has(titleOf(object)))
    .map((object) => ({ object: titleOf(object), field: '', before: 'absent', after: 'there' }));
  return [...lost, ...left];
}

function titleOf({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata.name}`;
}

function cleaned({ status: _, ...object }: KubernetesObject): object {
  const metadata = Object.fromEntries(
    Object.entries(object.metadata).filter(([name]) => !serverMetadata.includes(name)),
  );
  const annotations = Object.entries((metadata['annotations'] ?? {}) as Record<string, string>).filter(
    ([name]) => !bookkeeping.test(name),
  );
  const { annotations: __, ...rest } = metadata;
  return {
    ...object,
    metadata: annotations.length > 0 ? { ...rest, annotations: Object.fromEntries(annotations) } : rest,
  };
}

function fieldsApart(one: unknown, other: unknown, path: string): Omit<Difference, 'object'>[] {
  if (isDeepStrictEqual(one, other)) return [];
  if (isMapping(one) && isMapping(other)) {
    const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...keys].flatMap((key) =>
      fieldsApart(one[key], other[key], path === '' ? key : `${path}.${key}`),
    );
  }
  if (Array.isArray(one) && Array.isArray(other) && one.length === other.length)
    return one.flatMap((item, index) => fieldsApart(item, other[index], `${path}[${index}]`));
  return [{ field: path, before: one ?? 'absent', after: other ?? 'absent' }];
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

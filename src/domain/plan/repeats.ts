/**
 * Lists that name the same key twice. `kubectl apply` and Helm's client-side way write them, with a warning; server-side apply refuses
 * them ("duplicate entries for key"). Where all but one of them mean nothing, that one is sent. Two names for one port mean
 * something: they stay, and are refused.
 */
import { listAt, textAt } from '../kubernetes/fields.ts';
import { canonicalJson, isObject } from '../kubernetes/managed-fields.ts';
import type { JsonValue, KubernetesObject } from '../kubernetes/objects.ts';
import { templatePathOf } from '../workloads/workloads.ts';

interface Single {
  readonly object: KubernetesObject;
  /** What was there more than once, each as the end of `names …`: `variable PORT of container web twice`. */
  readonly repeated: readonly string[];
}

/** The object as it is sent: the repeats in its containers' `ports` and `env` are gone, all else stays as it is. */
export function withoutRepeats(object: KubernetesObject): Single {
  const template = templatePathOf(object);
  if (template === undefined) return { object, repeated: [] };
  const repeated: string[] = [];
  const single = (list: string, of: string, what: string, drop: Drop) => (owner: JsonValue) => {
    if (!isObject(owner) || !Array.isArray(owner[list])) return owner;
    const items: readonly JsonValue[] = owner[list];
    const kept = items.filter((_, index) => !drop(items, index));
    if (kept.length === items.length) return owner;
    const names = new Set(items.filter((item) => !kept.includes(item)).map(nameOf));
    for (const name of names) repeated.push(`${what} ${name}${of} more than once`);
    return { ...owner, [list]: kept };
  };
  const inContainer = (container: JsonValue): JsonValue => {
    const of = ` of container ${textAt(container, 'name') ?? ''}`;
    const ports = single('ports', of, 'port', isSaidAgain)(container);
    return single('env', of, 'variable', isOverwritten)(ports);
  };
  const inSpec = (spec: JsonValue): JsonValue => {
    if (!isObject(spec)) return spec;
    const containers = ['initContainers', 'containers'].flatMap((list) =>
      spec[list] === undefined
        ? []
        : [[list, listAt(spec, list).map((one) => inContainer(one as JsonValue))]],
    );
    const inside = { ...spec, ...(Object.fromEntries(containers) as Record<string, JsonValue>) };
    return single('imagePullSecrets', '', 'pull secret', isSaidAgain)(inside);
  };
  const changed = at(object as unknown as JsonValue, [...template.map(String), 'spec'], inSpec);
  return repeated.length === 0
    ? { object, repeated }
    : { object: changed as unknown as KubernetesObject, repeated };
}

type Drop = (items: readonly JsonValue[], index: number) => boolean;

/** The same item comes again. */
const isSaidAgain: Drop = (items, index) =>
  items.slice(index + 1).some((other) => canonicalJson(other) === canonicalJson(items[index]));

/** Of a name the last counts, unless something in between refers to what it was until then: `$(NAME)`. */
const isOverwritten: Drop = (items, index) => {
  const name = textAt(items[index], 'name');
  const next = items.findIndex((other, place) => place > index && textAt(other, 'name') === name);
  if (name === undefined || next < 0) return false;
  return !items
    .slice(index + 1, next + 1)
    .some((other) => (textAt(other, 'value') ?? '').includes(`$(${name})`));
};

function nameOf(item: JsonValue): string {
  const port = isObject(item) ? item['containerPort'] : undefined;
  return textAt(item, 'name') ?? String(port ?? '');
}

function at(node: JsonValue, path: readonly string[], change: (value: JsonValue) => JsonValue): JsonValue {
  const [first, ...rest] = path;
  if (first === undefined) return change(node);
  if (!isObject(node) || node[first] === undefined) return node;
  return { ...node, [first]: at(node[first], rest, change) };
}

/** Follows a field path through YAML nodes whose lists may be in a different order than in the rendered object. */
import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { FieldPath } from '../../domain/kubernetes/source-location.ts';
import { followAlias, keyText, textOfNode, type YamlSource } from '../files/yaml-source.ts';

interface FoundField {
  /** How many steps of the path were found. */
  readonly depth: number;
  /** The value of the last step found. */
  readonly node: Node | undefined;
  /** The position of the key (or list item) of the last step. */
  readonly line: number;
}

/** Fields by which Kubernetes merges list items, the most specific first. */
const mergeKeys = [
  ...[
    'name',
    'containerPort',
    'port',
    'mountPath',
    'devicePath',
    'key',
    'ip',
    'topologyKey',
    'conditionType',
  ],
  ...['host', 'path', 'type', 'uid'],
] as const;

/**
 * Follows `path` from `root` as far as it goes. `rendered` is the rendered value at `root`: its list items are
 * matched by their merge keys. With `byPosition`, an item without a match is taken by its index (right for an
 * object's own manifest, wrong for a patch).
 */
export function followPath(
  source: YamlSource,
  root: Node | undefined,
  path: FieldPath,
  options: { readonly rendered: unknown; readonly byPosition: boolean },
): FoundField {
  let found: FoundField = { depth: 0, node: root, line: source.lineAt(root?.range?.[0] ?? 0) };
  let { rendered } = options;
  for (const segment of path) {
    const next = isSeq(found.node)
      ? itemAt(source, found.node.items, segment, rendered, options.byPosition)
      : isMap(found.node)
        ? entryAt(source, found.node, segment)
        : undefined;
    if (next === undefined) return found;
    found = { ...next, depth: found.depth + 1 };
    rendered = childOf(rendered, segment);
  }
  return found;
}

type Step = Omit<FoundField, 'depth'>;

function entryAt(source: YamlSource, map: YAMLMap, segment: string | number): Step | undefined {
  const pair: Pair | undefined = map.items.find((item) => keyText(item.key) === String(segment));
  if (pair === undefined) return undefined;
  const key = isScalar(pair.key) ? pair.key : undefined;
  return { node: followAlias(source, pair.value), line: source.lineAt(key?.range?.[0] ?? 0) };
}

function itemAt(
  source: YamlSource,
  items: readonly unknown[],
  segment: string | number,
  renderedList: unknown,
  byPosition: boolean,
): Step | undefined {
  const wanted = childOf(renderedList, segment);
  const nodes = items.map((item) => followAlias(source, item));
  const node =
    nodes.find((candidate) => isSameItem(source, candidate, wanted)) ??
    (byPosition ? nodes[Number(segment)] : undefined);
  return node === undefined ? undefined : { node, line: source.lineAt(node.range?.[0] ?? 0) };
}

function isSameItem(source: YamlSource, node: Node | undefined, wanted: unknown): boolean {
  if (isScalar(node)) return typeof wanted !== 'object' && String(node.value) === String(wanted);
  if (!isMap(node)) return false;
  const key = mergeKeys.find((candidate) => isScalarValue(childOf(wanted, candidate)) && node.has(candidate));
  if (key === undefined) return false;
  return textOfNode(followAlias(source, node.get(key, true))) === String(childOf(wanted, key));
}

function isScalarValue(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}

/** The value of a field or list item of plain data; undefined when there is none. */
export function childOf(value: unknown, segment: string | number): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, segment) ? (value as Readonly<Record<string, unknown>>)[segment] : undefined;
}

/** The value at a path of plain data; undefined where a part of the path is missing. */
export function valueAt(value: unknown, path: FieldPath): unknown {
  return path.reduce(childOf, value);
}

/** Fields set by patches: strategic merge or JSON 6902, in a file or inline. */
import { resolve } from 'node:path';
import { isMap, isScalar, isSeq, type Node } from 'yaml';
import type { FieldPath, SourceLocation } from '../../domain/kubernetes/source-location.ts';
import type { Kustomization } from '../files/kustomization-tree.ts';
import { fieldOf, itemsOf, lineOfNode, textOfNode, type YamlSource } from '../files/yaml-source.ts';
import { childOf, followPath } from './field-lookup.ts';
import type { FieldQuery, FieldSetter } from './field-query.ts';
import { isSelected, namesSubject } from './patch-target.ts';

/** The last patch of the layer that sets the field. */
export const setByPatches: FieldSetter = (layer, query) => {
  for (const key of ['patchesJson6902', 'patches', 'patchesStrategicMerge']) {
    const { source } = layer;
    for (const entry of itemsOf(source, fieldOf(source, source.document.contents, key)).toReversed()) {
      const place = setByEntry(layer, entry, query);
      if (place !== undefined) return place;
    }
  }
  return undefined;
};

function setByEntry(layer: Kustomization, entry: Node, query: FieldQuery): SourceLocation | undefined {
  const target = fieldOf(layer.source, entry, 'target');
  if (target !== undefined && !isSelected(layer.source, target, query)) return undefined;
  for (const patch of patchSources(layer, entry, query)) {
    const root = patch.document.contents;
    const place =
      root === null
        ? undefined
        : isSeq(root)
          ? target && setByOperations(patch, root, query)
          : (target !== undefined || namesSubject(patch, root, query)) && setByMerge(patch, root, query);
    if (place) return place;
  }
  return undefined;
}

/** An entry is a file name, inline text, or a map with `path` or `patch`. */
function patchSources(layer: Kustomization, entry: Node, { files }: FieldQuery): readonly YamlSource[] {
  const inline = isScalar(entry) ? entry : fieldOf(layer.source, entry, 'patch');
  const path = isScalar(entry) ? textOfNode(entry) : textOfNode(fieldOf(layer.source, entry, 'path'));
  if (path !== undefined && !path.includes('\n')) return files.read(resolve(layer.folder, path));
  return isScalar(inline) ? files.readInline(layer.source, inline) : [];
}

function setByMerge(patch: YamlSource, root: Node, query: FieldQuery): SourceLocation | undefined {
  const found = followPath(patch, root, query.path, { rendered: query.object, byPosition: false });
  return found.depth === query.path.length ? { file: patch.file, line: found.line } : undefined;
}

/** The last operation that writes the field, a parent of it or a part of it. */
function setByOperations(patch: YamlSource, operations: Node, query: FieldQuery): SourceLocation | undefined {
  for (const operation of itemsOf(patch, operations).toReversed()) {
    const pointer = textOfNode(fieldOf(patch, operation, 'path'));
    if (pointer === undefined || textOfNode(fieldOf(patch, operation, 'op')) === 'test') continue;
    const steps = pointer
      .split('/')
      .slice(1)
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    const shared = sharedDepth(steps, query.path);
    const value = fieldOf(patch, operation, 'value');
    const fallback = { file: patch.file, line: lineOfNode(patch, value ?? operation) };
    if (shared === query.path.length) return fallback;
    if (shared < steps.length || !isAddedHere(patch, steps, value, query)) continue;
    const rest = query.path.slice(shared);
    const rendered = query.path.slice(0, shared).reduce<unknown>(childOf, query.object);
    const found = followPath(patch, value, rest, { rendered, byPosition: true });
    if (found.depth === rest.length) return { file: patch.file, line: found.line };
  }
  return undefined;
}

/** How many steps are the same; `-` (append) is any index. */
function sharedDepth(steps: readonly string[], path: FieldPath): number {
  const differs = steps.findIndex((step, index) => {
    const segment = path[index];
    return (
      segment === undefined || (step !== String(segment) && !(step === '-' && typeof segment === 'number'))
    );
  });
  return differs < 0 ? steps.length : differs;
}

/** An appended item is the one asked for only if its name is. */
function isAddedHere(
  patch: YamlSource,
  steps: readonly string[],
  value: Node | undefined,
  query: FieldQuery,
): boolean {
  if (steps.at(-1) !== '-') return true;
  const item = query.path.slice(0, steps.length).reduce<unknown>(childOf, query.object);
  if (isMap(value)) return textOfNode(fieldOf(patch, value, 'name')) === childOf(item, 'name');
  return textOfNode(value) === String(item);
}

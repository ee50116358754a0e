import { resolve } from 'node:path';
import type { Node } from 'yaml';
import type { FieldPath } from '../../domain/kubernetes/source-location.ts';
import { fieldOf, itemsOf, lineOfNode, textOfNode, type YamlSource } from '../files/yaml-source.ts';
import { childOf } from './field-lookup.ts';
import type { FieldSetter } from './field-query.ts';
import { isSelected } from './patch-target.ts';

/** `replacements:`, written in the kustomization or in a file: the target's field path that is the field asked for. */
export const setByReplacements: FieldSetter = (layer, query) => {
  const { source } = layer;
  for (const entry of itemsOf(
    source,
    fieldOf(source, source.document.contents, 'replacements'),
  ).toReversed()) {
    const path = textOfNode(fieldOf(source, entry, 'path'));
    const places: readonly { source: YamlSource; root: Node | null }[] =
      path === undefined
        ? [{ source, root: entry }]
        : query.files
            .read(resolve(layer.folder, path))
            .map((file) => ({ source: file, root: file.document.contents }));
    for (const place of places) {
      for (const target of itemsOf(place.source, fieldOf(place.source, place.root, 'targets'))) {
        const select = fieldOf(place.source, target, 'select');
        if (select === undefined || !isSelected(place.source, select, query)) continue;
        const field = itemsOf(place.source, fieldOf(place.source, target, 'fieldPaths')).find((candidate) =>
          isSameField(textOfNode(candidate) ?? '', query.path, query.object),
        );
        if (field !== undefined) return { file: place.source.file, line: lineOfNode(place.source, field) };
      }
    }
  }
  return undefined;
};

/** `spec.template.spec.containers.[name=api].image`: a selector in brackets, an index, or `*` for any item. */
function isSameField(text: string, path: FieldPath, object: unknown): boolean {
  const steps = text.match(/\[[^\]]*\]|(?:\\\.|[^.[\]])+/g) ?? [];
  if (steps.length !== path.length) return false;
  let value = object;
  return path.every((segment, index) => {
    const step = steps[index] ?? '';
    value = childOf(value, segment);
    if (typeof segment !== 'number')
      return step.replaceAll('\\.', '.') === segment || step === `[${segment}]`;
    const [, key, wanted] = /^\[([^=]*)=(.*)\]$/.exec(step) ?? [];
    return key === undefined
      ? step === '*' || step === String(segment)
      : String(childOf(value, key)) === wanted;
  });
}

/** Data of ConfigMaps and Secrets set by `configMapGenerator` and `secretGenerator`: literals, envs files, files. */
import { basename, join } from 'node:path';
import type { Node } from 'yaml';
import type { SourceLocation } from '../../domain/kubernetes/source-location.ts';
import type { Kustomization } from '../files/kustomization-tree.ts';
import { fieldOf, itemsOf, lineOfNode, textOfNode, type YamlFiles } from '../files/yaml-source.ts';
import type { FieldQuery, FieldSetter } from './field-query.ts';

const generatorKeys: Readonly<Record<string, string>> = {
  ConfigMap: 'configMapGenerator',
  Secret: 'secretGenerator',
};

/** The literal, the line of an envs file, or the file that a data key comes from. */
export const setByGenerator: FieldSetter = (layer, query) => {
  const [field, key] = query.path;
  if ((field !== 'data' && field !== 'binaryData') || typeof key !== 'string') return undefined;
  for (const entry of generatorEntries(layer, query).toReversed()) {
    const place =
      literalPlace(layer, entry, key) ??
      filePlace(layer, entry, key) ??
      envPlace(layer, entry, key, query.files);
    if (place !== undefined) return place;
  }
  return undefined;
};

/** The entry that makes the object, for the object as a whole. */
export const madeByGenerator: FieldSetter = (layer, query) => {
  const [entry] = generatorEntries(layer, query);
  return entry === undefined ? undefined : { file: layer.file, line: lineOfNode(layer.source, entry) };
};

function generatorEntries({ source }: Kustomization, query: FieldQuery): readonly Node[] {
  const key = generatorKeys[query.object.kind];
  if (key === undefined) return [];
  return itemsOf(source, fieldOf(source, source.document.contents, key)).filter((entry) =>
    query.names.has(textOfNode(fieldOf(source, entry, 'name')) ?? ''),
  );
}

function literalPlace({ source, file }: Kustomization, entry: Node, key: string): SourceLocation | undefined {
  const literal = itemsOf(source, fieldOf(source, entry, 'literals')).find(
    (item) => splitAtEquals(textOfNode(item))?.[0] === key,
  );
  return literal === undefined ? undefined : { file, line: lineOfNode(source, literal) };
}

function filePlace({ source, folder }: Kustomization, entry: Node, key: string): SourceLocation | undefined {
  for (const item of itemsOf(source, fieldOf(source, entry, 'files'))) {
    const text = textOfNode(item) ?? '';
    const [name, path] = splitAtEquals(text) ?? [basename(text), text];
    if (name === key) return { file: join(folder, path), line: 1 };
  }
  return undefined;
}

function envPlace(
  { source, folder }: Kustomization,
  entry: Node,
  key: string,
  files: YamlFiles,
): SourceLocation | undefined {
  const single = fieldOf(source, entry, 'env');
  const listed = itemsOf(source, fieldOf(source, entry, 'envs'));
  for (const item of single === undefined ? listed : [...listed, single]) {
    const file = join(folder, textOfNode(item) ?? '');
    // As kustomize reads it: split at the first `=`, `#` only at the start of a line, a key alone is an empty value.
    const index = files.readLines(file).findLastIndex((line) => {
      const text = line.replace(/^\uFEFF?\s*/, '').replace(/\r$/, '');
      return !text.startsWith('#') && (splitAtEquals(text)?.[0] ?? text) === key;
    });
    if (index >= 0) return { file, line: index + 1 };
  }
  return undefined;
}

function splitAtEquals(text: string | undefined): readonly [string, string] | undefined {
  const at = text?.indexOf('=') ?? -1;
  return text === undefined || at < 0 ? undefined : [text.slice(0, at), text.slice(at + 1)];
}

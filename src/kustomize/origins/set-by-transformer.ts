/** Fields set by the short forms of a kustomization: images, replicas, labels, annotations, namespace. */
import type { Node } from 'yaml';
import type { SourceLocation } from '../../domain/kubernetes/source-location.ts';
import type { Kustomization } from '../files/kustomization-tree.ts';
import { fieldOf, itemsOf, lineOfNode, textOfNode } from '../files/yaml-source.ts';
import type { FieldQuery, FieldSetter } from './field-query.ts';

function entriesOf({ source }: Kustomization, key: string): readonly Node[] {
  return itemsOf(source, fieldOf(source, source.document.contents, key));
}

function at({ source, file }: Kustomization, node: Node | undefined): SourceLocation {
  return { file, line: lineOfNode(source, node) };
}

/** `images:`: the entry whose result is the rendered image; its `newTag` or `digest`, else its `newName`. */
export const setByImages: FieldSetter = (layer, query) => {
  if (query.path.at(-1) !== 'image' || typeof query.value !== 'string') return undefined;
  const { name, tag, digest } = splitImage(query.value);
  const { source } = layer;
  for (const entry of entriesOf(layer, 'images').toReversed()) {
    const part = (key: string): Node | undefined => fieldOf(source, entry, key);
    const result = textOfNode(part('newName')) ?? textOfNode(part('name'));
    const newTag = textOfNode(part('newTag'));
    const newDigest = textOfNode(part('digest'));
    const fits =
      (newTag === undefined || newTag === tag) && (newDigest === undefined || newDigest === digest);
    if (result === name && fits)
      return at(layer, part('newTag') ?? part('digest') ?? part('newName') ?? entry);
  }
  return undefined;
};

/** `registry:5000/shop/api:1.2@sha256:…` → name, tag, digest. */
function splitImage(image: string): { name: string; tag?: string; digest?: string } {
  const [path = '', digest] = image.split('@', 2);
  const colon = path.indexOf(':', path.lastIndexOf('/') + 1);
  return {
    name: colon < 0 ? path : path.slice(0, colon),
    ...(colon < 0 ? {} : { tag: path.slice(colon + 1) }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** `replicas:`: the count of the entry that names the object. */
export const setByReplicas: FieldSetter = (layer, query) => {
  if (query.path.join('.') !== 'spec.replicas') return undefined;
  const { source } = layer;
  const entry = entriesOf(layer, 'replicas').findLast((candidate) =>
    query.names.has(textOfNode(fieldOf(source, candidate, 'name')) ?? ''),
  );
  return entry === undefined ? undefined : at(layer, fieldOf(source, entry, 'count') ?? entry);
};

/** `labels:`, `commonLabels:`, `commonAnnotations:` and `namespace:`, where the value is the rendered one. */
export const setByMetadata: FieldSetter = (layer, query) => {
  const { source } = layer;
  const contents = source.document.contents;
  const { path, value } = query;
  if (path.join('.') === 'metadata.namespace') {
    const node = fieldOf(source, contents, 'namespace');
    return textOfNode(node) === value && node !== undefined ? at(layer, node) : undefined;
  }
  const key = String(path.at(-1));
  const maps = metadataMaps(layer, query);
  const node = maps.map((map) => fieldOf(source, map, key)).find((found) => textOfNode(found) === value);
  return node === undefined ? undefined : at(layer, node);
};

function metadataMaps(layer: Kustomization, { path }: FieldQuery): (Node | undefined)[] {
  const { source } = layer;
  const contents = source.document.contents;
  const parent = path.at(-2);
  if (parent === 'annotations') return [fieldOf(source, contents, 'commonAnnotations')];
  const isSelector = parent === 'matchLabels' || parent === 'selector';
  if (parent !== 'labels' && !isSelector) return [];
  const pairs = entriesOf(layer, 'labels').map((entry) => fieldOf(source, entry, 'pairs'));
  return [...pairs, fieldOf(source, contents, 'commonLabels')];
}

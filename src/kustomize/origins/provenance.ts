/** The provenance of a rendered object: the chain of kustomizations that it passed, and its name in each. */
import { resolve } from 'node:path';
import type { Node } from 'yaml';
import { groupKindOf } from '../../domain/kubernetes/objects.ts';
import type { Kustomization } from '../files/kustomization-tree.ts';
import type { RenderedObject } from '../files/rendered-objects.ts';
import { fieldOf, itemsOf, textOfNode, type YamlFiles, type YamlSource } from '../files/yaml-source.ts';

/** What is known of the way of one object through the kustomizations. */
export interface Provenance {
  /** Every kustomization whose transformers saw the object, the last one to act first. */
  readonly layers: readonly Kustomization[];
  /** Its name in its manifest, and after each layer that changes it. */
  readonly names: ReadonlySet<string>;
  /** Its own manifest; absent for generated and fetched objects. */
  readonly manifest?: { readonly source: YamlSource; readonly root: Node };
  /** The kustomization file or plugin configuration that generates it, absolute. */
  readonly generatedIn?: string;
}

/** A path from the overlay down to the kustomization that contains the object. */
type Chain = readonly Kustomization[];

/**
 * Makes the function that finds an object's path: undefined when its origin is unknown or fetched from elsewhere.
 * `built` is the folder that origins are relative to.
 */
export function createProvenance(options: {
  readonly root: Kustomization;
  readonly built: string;
  readonly files: YamlFiles;
}): (rendered: RenderedObject) => Provenance | undefined {
  const indexes = new Map<string, ManifestIndex>();
  const manifestsIn = (file: string): ManifestIndex => {
    const index = indexes.get(file) ?? indexManifests(options.files.read(file));
    indexes.set(file, index);
    return index;
  };
  return ({ object, origin }) => {
    const place = origin?.path ?? origin?.configuredIn;
    if (origin === undefined || place === undefined || origin.repo !== undefined) return undefined;
    const file = resolve(options.built, place);
    const ways = chainsTo(options.root, file).map((chain) => ({
      layers: layersOf(chain),
      end: chain.at(-1),
    }));
    const own = origin.path === undefined ? [] : (manifestsIn(file).get(groupKindOf(object)) ?? []);
    const name = object.metadata.name;
    const match = ways
      .flatMap(({ layers, end }) => {
        const originals = origin.path === undefined ? generatorNames(end) : own;
        return originals
          .filter((original) => name.includes(original.name))
          .map((original) => ({ layers, names: namesOf(layers, original.name), original }));
      })
      .find(({ names }) => isFinalName(names, name));
    // A namespace transformer renames Namespace objects: then the only one of the file is it.
    const manifest =
      own.find((candidate) => candidate === match?.original) ?? (own.length === 1 ? own[0] : undefined);
    return {
      layers: match?.layers ?? ways[0]?.layers ?? [options.root],
      names: new Set([...(match?.names ?? []), name]),
      ...(manifest === undefined ? {} : { manifest }),
      ...(origin.configuredIn === undefined ? {} : { generatedIn: file }),
    };
  };
}

function chainsTo(node: Kustomization, file: string, above: Chain = []): Chain[] {
  if (above.includes(node)) return [];
  const chain = [...above, node];
  const here = node.file === file || node.resources.has(file) || node.plugins.includes(file) ? [chain] : [];
  return [...here, ...[...node.bases, ...node.components].flatMap((child) => chainsTo(child, file, chain))];
}

/** kustomize runs bases, then components in order, then a kustomization's own transformers; this is that, backwards. */
function layersOf(chain: Chain): Kustomization[] {
  const [node, ...below] = chain;
  if (node === undefined) return [];
  const [next] = below;
  const entered = next === undefined ? -1 : node.components.indexOf(next);
  const after = node.components.slice(entered + 1).reverse();
  return [node, ...after.flatMap((component) => layersOf([component])), ...layersOf(below)];
}

/** The names an object had, from its own to its final one (without a hash). */
function namesOf(layers: readonly Kustomization[], original: string): readonly string[] {
  const names = [original];
  let name = original;
  for (const { source } of layers.toReversed()) {
    const contents = source.document.contents;
    const prefix = textOfNode(fieldOf(source, contents, 'namePrefix')) ?? '';
    const suffix = textOfNode(fieldOf(source, contents, 'nameSuffix')) ?? '';
    name = `${prefix}${name}${suffix}`;
    names.push(name);
  }
  return names;
}

/** Hashes of generated names are ten characters of this alphabet (kustomize api/hasher). */
const hash = /^-[2456789bcdfghkmt]{10}$/;

function isFinalName(names: readonly string[], name: string): boolean {
  const last = names.at(-1) ?? '';
  return name === last || (name.startsWith(last) && hash.test(name.slice(last.length)));
}

interface Named {
  readonly name: string;
}

interface Manifest extends Named {
  readonly source: YamlSource;
  readonly root: Node;
}

/** By group and kind. */
type ManifestIndex = ReadonlyMap<string, readonly Manifest[]>;

/** The documents, and items of lists, of a file. */
function indexManifests(sources: readonly YamlSource[]): ManifestIndex {
  const manifests = sources.flatMap((source) => {
    const contents = source.document.contents;
    const roots = contents === null ? [] : [contents, ...itemsOf(source, fieldOf(source, contents, 'items'))];
    return roots.map((root) => {
      const text = (node: Node | undefined, key: string): string =>
        textOfNode(fieldOf(source, node, key)) ?? '';
      const name = text(fieldOf(source, root, 'metadata'), 'name');
      const groupKind = groupKindOf({ apiVersion: text(root, 'apiVersion'), kind: text(root, 'kind') });
      return { source, root, name, groupKind };
    });
  });
  return Map.groupBy(manifests, (manifest) => manifest.groupKind);
}

function generatorNames(node: Kustomization | undefined): Named[] {
  if (node === undefined) return [];
  const { source } = node;
  return ['configMapGenerator', 'secretGenerator']
    .flatMap((key) => itemsOf(source, fieldOf(source, source.document.contents, key)))
    .map((entry) => ({ name: textOfNode(fieldOf(source, entry, 'name')) ?? '' }));
}

/** Maps a field of a rendered object to the source line to edit. */
import { isAbsolute, relative } from 'node:path';
import { keyOf, type ObjectReference, referenceOf } from '../../domain/kubernetes/objects.ts';
import type { FieldPath, SourceLocation } from '../../domain/kubernetes/source-location.ts';
import type { Kustomization } from '../files/kustomization-tree.ts';
import type { RenderedObject } from '../files/rendered-objects.ts';
import type { YamlFiles } from '../files/yaml-source.ts';
import { followPath, valueAt } from './field-lookup.ts';
import type { FieldQuery, FieldSetter } from './field-query.ts';
import { createProvenance, type Provenance } from './provenance.ts';
import { madeByGenerator, setByGenerator } from './set-by-generator.ts';
import { setByPatches } from './set-by-patch.ts';
import { setByReplacements } from './set-by-replacement.ts';
import { setByImages, setByMetadata, setByReplicas } from './set-by-transformer.ts';

/** kustomize's processing order within one kustomization, reversed: the first that sets the field set it last. */
const setters: readonly FieldSetter[] = [
  setByReplacements,
  setByImages,
  setByReplicas,
  setByMetadata,
  setByPatches,
  setByGenerator,
];

/** Fields that contain most of an object: a patch that changes something in them did not set them. */
const broadFields: ReadonlySet<string | number> = new Set([
  'metadata',
  'spec',
  'template',
  'jobTemplate',
  'data',
]);

interface OriginMapOptions {
  readonly rendered: readonly RenderedObject[];
  readonly root: Kustomization;
  /** The folder that was built: origins are relative to it. Absolute, links resolved. */
  readonly built: string;
  /** Absolute, links resolved. */
  readonly workspace: string;
  readonly files: YamlFiles;
}

/**
 * Makes `Overlay.locate`. Files are read when first asked for; an object's path through the kustomizations is
 * determined once.
 */
export function createOriginMap(
  options: OriginMapOptions,
): (reference: ObjectReference, path?: FieldPath) => SourceLocation {
  const byKey = new Map(options.rendered.map((item) => [keyOf(referenceOf(item.object)), item]));
  const provenanceOf = createProvenance(options);
  const provenances = new Map<RenderedObject, Provenance | undefined>();
  const doubtful = { file: relative(options.workspace, options.root.file), line: 1 };

  return (reference, path = []) => {
    const item = byKey.get(keyOf(reference));
    if (item === undefined) return doubtful;
    if (!provenances.has(item)) provenances.set(item, provenanceOf(item));
    const provenance = provenances.get(item);
    const found = provenance === undefined ? undefined : locateField(item, provenance, path, options.files);
    return inWorkspace(found, options.workspace) ?? doubtful;
  };
}

/**
 * A value is where the last layer sets it. A map or list (a container, a probe) is set in parts by many: changes by
 * layers above its own kustomization come first, then its manifest, then a patch beside the manifest.
 */
function locateField(
  { object }: RenderedObject,
  provenance: Provenance,
  wanted: FieldPath,
  files: YamlFiles,
): SourceLocation | undefined {
  const path = existingPart(object, wanted);
  const query: FieldQuery = { object, path, value: valueAt(object, path), names: provenance.names, files };
  const own = ownPlace(provenance, query);
  if (path.every((segment) => broadFields.has(segment))) return own?.place;
  const inParts = typeof query.value === 'object' && own?.exact === true;
  const layers = inParts ? provenance.layers.slice(0, -1) : provenance.layers;
  return setByLayers(layers, query) ?? own?.place;
}

/** The existing part of the path: an absent field has to be added to its parent. */
function existingPart(object: unknown, path: FieldPath): FieldPath {
  const missing = path.findIndex((_, index) => valueAt(object, path.slice(0, index + 1)) === undefined);
  return missing < 0 ? path : path.slice(0, missing);
}

function setByLayers(layers: readonly Kustomization[], query: FieldQuery): SourceLocation | undefined {
  for (const layer of layers) {
    for (const setter of setters) {
      const place = setter(layer, query);
      if (place !== undefined) return place;
    }
  }
  return undefined;
}

interface OwnPlace {
  readonly place: SourceLocation;
  /** False for the nearest parent of an absent field. */
  readonly exact: boolean;
}

/** The field in the object's own manifest, its nearest parent there, or the generator's entry. */
function ownPlace(provenance: Provenance, query: FieldQuery): OwnPlace | undefined {
  const { manifest, generatedIn } = provenance;
  if (manifest !== undefined) {
    const { source, root } = manifest;
    const found = followPath(source, root, query.path, { rendered: query.object, byPosition: true });
    return { place: { file: source.file, line: found.line }, exact: found.depth === query.path.length };
  }
  const made = provenance.layers
    .toReversed()
    .map((layer) => madeByGenerator(layer, query))
    .find((place) => place !== undefined);
  const place = made ?? (generatedIn === undefined ? undefined : { file: generatedIn, line: 1 });
  return place === undefined ? undefined : { place, exact: false };
}

function inWorkspace(place: SourceLocation | undefined, workspace: string): SourceLocation | undefined {
  if (place === undefined) return undefined;
  const file = relative(workspace, place.file);
  return file.startsWith('..') || isAbsolute(file) ? undefined : { file, line: place.line };
}

/** From a field of a rendered object back to the line that a person would edit. */
import { isAbsolute, relative } from 'node:path';
import { isScalar } from 'yaml';
import { keyOf, type ObjectReference, referenceOf } from '../domain/objects.ts';
import type { FieldPath, SourceLocation } from '../domain/source.ts';
import { followPath, valueAt } from './field-lookup.ts';
import type { FieldQuery, FieldSetter } from './field-query.ts';
import type { Kustomization } from './kustomization-tree.ts';
import { createProvenance, type Provenance } from './provenance.ts';
import type { RenderedObject } from './rendered-objects.ts';
import { madeByGenerator, setByGenerator } from './set-by-generator.ts';
import { setByPatches } from './set-by-patch.ts';
import { setByReplacements } from './set-by-replacement.ts';
import { setByImages, setByMetadata, setByReplicas } from './set-by-transformer.ts';
import type { YamlFiles } from './yaml-source.ts';

/** kustomize's order of work within one kustomization, backwards: the first that sets the field set it last. */
const setters: readonly FieldSetter[] = [
  setByReplacements,
  setByImages,
  setByReplicas,
  setByMetadata,
  setByPatches,
  setByGenerator,
];

/** Fields that hold most of an object: a patch that touches something in them did not set them. */
const broadFields: ReadonlySet<string | number> = new Set([
  'metadata',
  'spec',
  'template',
  'jobTemplate',
  'data',
]);

export interface OriginMapOptions {
  readonly rendered: readonly RenderedObject[];
  readonly root: Kustomization;
  /** The folder that was built: origins are relative to it. Absolute, links resolved. */
  readonly built: string;
  /** Absolute, links resolved. */
  readonly workspace: string;
  readonly files: YamlFiles;
}

/** Makes `Overlay.locate`. Files are read when first asked for; an object's way through the kustomizations is found once. */
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

function locateField(
  { object }: RenderedObject,
  provenance: Provenance,
  path: FieldPath,
  files: YamlFiles,
): SourceLocation | undefined {
  const query: FieldQuery = { object, path, value: valueAt(object, path), names: provenance.names, files };
  if (!path.every((segment) => broadFields.has(segment))) {
    for (const layer of provenance.layers) {
      for (const setter of setters) {
        const place = setter(layer, query);
        if (place !== undefined) return place;
      }
    }
  }
  return ownPlace(provenance, query);
}

/** The field in the object's own manifest, its nearest parent there, or the generator's entry. */
function ownPlace(provenance: Provenance, query: FieldQuery): SourceLocation | undefined {
  const { manifest, generatedIn } = provenance;
  if (manifest !== undefined) {
    const { source, root } = manifest;
    const found = followPath(source, root, query.path, { rendered: query.object, byPosition: true });
    const isEmpty = isScalar(found.node) && found.depth === 0;
    return isEmpty ? undefined : { file: source.file, line: found.line };
  }
  const made = provenance.layers
    .toReversed()
    .map((layer) => madeByGenerator(layer, query))
    .find((place) => place !== undefined);
  return made ?? (generatedIn === undefined ? undefined : { file: generatedIn, line: 1 });
}

function inWorkspace(place: SourceLocation | undefined, workspace: string): SourceLocation | undefined {
  if (place === undefined) return undefined;
  const file = relative(workspace, place.file);
  return file.startsWith('..') || isAbsolute(file) ? undefined : { file, line: place.line };
}

/** Parses the output of a renderer into objects, as kubectl would. */
import { relative, resolve } from 'node:path';
import { type Document, parseAllDocuments } from 'yaml';
import { Fault } from '../../domain/failure/fault.ts';
import { type KubernetesObject, keyOf, referenceOf, titleOf } from '../../domain/kubernetes/objects.ts';
import { kubernetesYaml } from './kubernetes-yaml.ts';
import { withoutForeignBreaks } from './line-separators.ts';
import { type Origin, originAnnotation, parseOrigin } from './origin.ts';
import { nameInstead } from './render-explanations.ts';

/** An object as the renderer printed it, with the origin that it was told to annotate. */
export interface RenderedObject {
  readonly object: KubernetesObject;
  /** Its origin according to kustomize, paths relative to the folder that was built. */
  readonly origin: Origin | undefined;
}

/** The workspace: absolute, links resolved. */
interface Places {
  /** The folder that was built. */
  readonly built: string;
  readonly workspace: string;
}

/**
 * Parses the output; lists are expanded, origin annotations removed. Throws `object-invalid` for a document that is
 * not an object.
 */
export function parseRendered(text: string, places?: Places): RenderedObject[] {
  const documents = parseAllDocuments(withoutForeignBreaks(text), kubernetesYaml);
  if (!Array.isArray(documents)) return [];
  const objects = documents.flatMap((document) => {
    refuseErrors(document);
    return expandList(document.toJS({ maxAliasCount: -1 })).map((value) => toRendered(value, places));
  });
  refuseDuplicates(objects);
  return objects;
}

const remedy = 'Correct the overlay so that every document is one Kubernetes object.';

function refuseErrors(document: Document.Parsed): void {
  const [error] = document.errors;
  if (error === undefined) return;
  if (error.code !== 'TAG_RESOLVE_FAILED')
    throw new Fault('render-failed', `The rendered overlay is not YAML: ${error.message}.`, remedy);
  throw new Fault(
    'object-invalid',
    `The overlay holds ${error.message}.`,
    'Write it in quotes, or use a number up to 9007199254740991.',
  );
}

function expandList(value: unknown): unknown[] {
  if (value === null || value === undefined) return [];
  if (!isRecord(value) || !Array.isArray(value['items']) || typeof value['kind'] !== 'string') return [value];
  const named = isRecord(value['metadata']) && isText(value['metadata']['name']);
  return value['kind'].endsWith('List') && !named ? value['items'].flatMap(expandList) : [value];
}

function toRendered(value: unknown, places: Places | undefined): RenderedObject {
  if (!isObject(value)) throw noObject(value, places);
  const text = value.metadata.annotations?.[originAnnotation];
  if (text === undefined) return { object: value, origin: undefined };
  return { object: withoutOrigin(value), origin: parseOrigin(text) };
}

function noObject(value: unknown, places: Places | undefined): Fault {
  const { apiVersion, kind, metadata } = isRecord(value) ? value : {};
  const { name, generateName, annotations } = isRecord(metadata) ? metadata : {};
  const file = originFile(annotations, places);
  const what = `${isText(kind) ? kind : 'document'}${isText(name) ? ` ${name}` : ''}${file === undefined ? '' : ` from ${file}`}`;
  const [field, found] = Object.entries({ apiVersion, kind, 'metadata.name': name }).find(
    ([, content]) => !isText(content),
  ) ?? ['metadata', metadata];
  const isGenerated = field === 'metadata.name' && isText(generateName);
  const fault =
    typeof found === 'number' || typeof found === 'boolean'
      ? { problem: `with a ${field} that is no text`, remedy: 'Write it in quotes.' }
      : isGenerated
        ? { problem: 'with generateName: it has no metadata.name, and needs one', remedy: nameInstead }
        : { problem: `without ${field}`, remedy };
  const location = file === undefined ? {} : { location: { file, line: 1 } };
  return new Fault(
    'object-invalid',
    `The overlay renders a ${what} ${fault.problem}.`,
    fault.remedy,
    location,
  );
}

/** The file in the annotation, relative to the workspace; undefined if it is elsewhere. */
function originFile(annotations: unknown, places: Places | undefined): string | undefined {
  const text = isRecord(annotations) ? annotations[originAnnotation] : undefined;
  const { path } = isText(text) ? parseOrigin(text) : {};
  if (path === undefined || places === undefined) return undefined;
  const file = relative(places.workspace, resolve(places.built, path));
  return file.startsWith('..') ? undefined : file;
}

function withoutOrigin(object: KubernetesObject): KubernetesObject {
  const { annotations, ...metadata } = object.metadata;
  const { [originAnnotation]: _, ...kept } = annotations ?? {};
  if (Object.keys(kept).length === 0) return { ...object, metadata };
  return { ...object, metadata: { ...metadata, annotations: kept } };
}

function refuseDuplicates(rendered: readonly RenderedObject[]): void {
  const seen = new Set<string>();
  for (const { object } of rendered) {
    const reference = referenceOf(object);
    const key = keyOf(reference);
    if (seen.has(key)) {
      const place = reference.namespace === undefined ? '' : ` in namespace ${reference.namespace}`;
      throw new Fault(
        'object-invalid',
        `The overlay renders ${titleOf(reference)}${place} more than once.`,
        'Remove one of them, or give it another name.',
      );
    }
    seen.add(key);
  }
}

function isObject(value: unknown): value is KubernetesObject {
  if (!isRecord(value) || !isRecord(value['metadata'])) return false;
  const { apiVersion, kind, metadata } = value;
  return isText(apiVersion) && isText(kind) && isText(metadata['name']);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

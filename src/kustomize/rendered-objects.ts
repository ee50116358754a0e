/** What a renderer printed, as objects. Its output is canonical YAML, so YAML 1.2 core reads it as kubectl would. */
import { type Document, parseAllDocuments, visit } from 'yaml';
import { Fault } from '../domain/fault.ts';
import { type KubernetesObject, keyOf, referenceOf, titleOf } from '../domain/objects.ts';
import { type Origin, originAnnotation, parseOrigin } from './origin.ts';

export interface RenderedObject {
  readonly object: KubernetesObject;
  /** Where kustomize says it comes from, paths relative to the folder that was built. */
  readonly origin: Origin | undefined;
}

/** Parses the output; lists are expanded, origin annotations taken off. Throws `object-invalid` for what is no object. */
export function parseRendered(text: string): RenderedObject[] {
  const documents = parseAllDocuments(text, { version: '1.2', schema: 'core', prettyErrors: false });
  if (!Array.isArray(documents)) return [];
  // Only long runs of digits can be integers that a JavaScript number would change silently.
  const checkIntegers = /\d{16}/.test(text);
  const objects = documents.flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined)
      throw new Fault('render-failed', `The rendered overlay is not YAML: ${error.message}.`, remedy);
    if (checkIntegers) refuseInexactIntegers(document);
    return expandList(document.toJS({ maxAliasCount: -1 })).map(toRendered);
  });
  refuseDuplicates(objects);
  return objects;
}

const remedy = 'Correct the overlay so that every document is one Kubernetes object.';

function refuseInexactIntegers(document: Document.Parsed): void {
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value !== 'number' || !/^[-+]?\d+$/.test(node.source ?? '')) return;
      if (Number.isSafeInteger(node.value)) return;
      throw new Fault(
        'object-invalid',
        `The overlay holds the number ${node.source?.slice(0, 40)}, which JSON cannot carry exactly.`,
        'Write it in quotes, or use a number up to 9007199254740991.',
      );
    },
  });
}

function expandList(value: unknown): unknown[] {
  if (value === null || value === undefined) return [];
  if (!isRecord(value) || !Array.isArray(value['items']) || typeof value['kind'] !== 'string') return [value];
  const named = isRecord(value['metadata']) && isText(value['metadata']['name']);
  return value['kind'].endsWith('List') && !named ? value['items'].flatMap(expandList) : [value];
}

function toRendered(value: unknown): RenderedObject {
  if (!isObject(value)) {
    const kind = isRecord(value) && typeof value['kind'] === 'string' ? value['kind'] : 'object';
    throw new Fault(
      'object-invalid',
      `The overlay renders a ${kind} without apiVersion, kind or metadata.name.`,
      remedy,
    );
  }
  const text = value.metadata.annotations?.[originAnnotation];
  if (text === undefined) return { object: value, origin: undefined };
  return { object: withoutOrigin(value), origin: parseOrigin(text) };
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

import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import type { FieldPath, SourceLocation } from '../../domain/kubernetes/source-location.ts';
import type { Kustomization } from '../files/kustomization-tree.ts';
import type { YamlFiles } from '../files/yaml-source.ts';

/** The query to every transformer of every layer: did it set this field? */
export interface FieldQuery {
  readonly object: KubernetesObject;
  readonly path: FieldPath;
  /** The rendered value at `path`. */
  readonly value: unknown;
  /** The names of the object in each layer. */
  readonly names: ReadonlySet<string>;
  readonly files: YamlFiles;
}

/** Where (absolute file) a layer sets the field; undefined when it does not. */
export type FieldSetter = (layer: Kustomization, query: FieldQuery) => SourceLocation | undefined;

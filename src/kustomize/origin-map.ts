import { relative } from 'node:path';
import type { ObjectReference } from '../domain/objects.ts';
import type { FieldPath, SourceLocation } from '../domain/source.ts';
import type { Kustomization } from './kustomization-tree.ts';
import type { RenderedObject } from './rendered-objects.ts';
import type { YamlFiles } from './yaml-source.ts';

export function createOriginMap(_options: {
  rendered: readonly RenderedObject[];
  root: Kustomization;
  built: string;
  workspace: string;
  files: YamlFiles;
}): (reference: ObjectReference, path?: FieldPath) => SourceLocation {
  return () => ({ file: relative(_options.workspace, _options.root.file), line: 1 });
}

import { relative } from 'node:path';
import { Fault } from '../domain/failure/fault.ts';
import type { SourceLocation } from '../domain/kubernetes/source-location.ts';
import { fileReferences, isRemote, type Kustomization } from './files/kustomization-tree.ts';
import { lineOfNode, type YamlFiles, type YamlSource } from './files/yaml-source.ts';

interface RemoteReference {
  readonly reference: string;
  readonly location: SourceLocation;
}

/** Everything that the kustomizations would fetch from elsewhere; files relative to the workspace. */
export function findRemoteReferences(
  kustomizations: readonly Kustomization[],
  files: YamlFiles,
  workspace: string,
): RemoteReference[] {
  const sources = kustomizations.flatMap((node) => [node.source, ...pluginSources(node, files)]);
  return sources.flatMap((source) =>
    fileReferences(source)
      // `files: [name=path]` names a key before the path.
      .map(({ value, scalar }) => ({ value: value.replace(/^[-._a-zA-Z0-9]+=/, ''), scalar }))
      .filter(({ value }) => isRemote(value))
      .map(({ value, scalar }) => ({
        reference: value,
        location: { file: relative(workspace, source.file), line: lineOfNode(source, scalar) },
      })),
  );
}

/** Throws `remote-base`, naming the first place and how many there are. */
export function refuseRemoteReferences(references: readonly RemoteReference[]): void {
  const [first] = references;
  if (first === undefined) return;
  const { file, line } = first.location;
  const others = references.length > 1 ? ` (and ${references.length - 1} more)` : '';
  const shown = first.reference.replace(/\/\/[^/@]*@/, '//').slice(0, 200);
  throw new Fault(
    'remote-base',
    `${file}:${line} fetches ${shown}${others}, and what it holds can change between two deployments.`,
    'Copy it into the repository, or set the input allow-remote-bases to true.',
    { location: first.location },
  );
}

/** The configuration files of generators, transformers and validators: they name files too. */
function pluginSources(node: Kustomization, files: YamlFiles): readonly YamlSource[] {
  return [...node.plugins].flatMap((file) => files.read(file));
}

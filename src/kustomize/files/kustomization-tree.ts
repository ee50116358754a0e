/** The kustomizations of an overlay, read from disk as kustomize resolves them. */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isMap, isScalar, isSeq, type Scalar } from 'yaml';
import type { YamlFiles, YamlSource } from './yaml-source.ts';
import { fieldOf, followAlias, itemsOf, keyText, textOfNode } from './yaml-source.ts';

export const kustomizationNames = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const;

/** One kustomization with all that it refers to on this disk; remote bases are not in it. */
export interface Kustomization {
  /** Absolute, links resolved. */
  readonly folder: string;
  /** Its `kustomization.yaml`, absolute. */
  readonly file: string;
  readonly source: YamlSource;
  readonly bases: readonly Kustomization[];
  readonly components: readonly Kustomization[];
  /** Absolute paths of the plain files listed as resources. */
  readonly resources: ReadonlySet<string>;
  /** Absolute paths of the configuration files of generators, transformers and validators. */
  readonly plugins: readonly string[];
}

/** A file or folder that a kustomization names, with the scalar that names it. */
interface FileReference {
  readonly value: string;
  readonly scalar: Scalar;
}

/** Absolute path of the folder's kustomization file, if it has one. */
export function kustomizationFile(folder: string): string | undefined {
  return kustomizationNames.map((name) => join(folder, name)).find((file) => existsSync(file));
}

/**
 * Reads the tree below `folder`; undefined when there is no kustomization. Each folder is read once; cycles are
 * ignored.
 */
export function readKustomizations(
  folder: string,
  files: YamlFiles,
  known: Map<string, Kustomization | undefined> = new Map(),
): Kustomization | undefined {
  const real = existsSync(folder) ? realpathSync(folder) : folder;
  if (known.has(real)) return known.get(real);
  known.set(real, undefined);
  const file = kustomizationFile(real);
  const source = file === undefined ? undefined : files.read(file)[0];
  if (file === undefined || source === undefined) return undefined;

  const follow = (key: string): { folders: Kustomization[]; files: string[] } => {
    const paths = itemsOf(source, fieldOf(source, source.document.contents, key))
      .map((item) => textOfNode(item))
      .filter((value) => value !== undefined && !value.includes('\n') && !isRemote(value))
      .map((value) => resolve(real, value ?? '.'));
    const folders = paths.filter(isFolder).map((path) => readKustomizations(path, files, known));
    return {
      folders: folders.filter((node) => node !== undefined),
      files: paths.filter((path) => !isFolder(path)),
    };
  };
  const resources = follow('resources');
  const bases = follow('bases');
  const components = follow('components');
  const plugins = ['generators', 'transformers', 'validators'].flatMap((key) => follow(key).files);
  const node: Kustomization = {
    folder: real,
    file,
    source,
    bases: [...resources.folders, ...bases.folders],
    components: components.folders,
    resources: new Set(resources.files),
    plugins,
  };
  known.set(real, node);
  return node;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

const referenceKeys = new Set([
  ...[
    'resources',
    'bases',
    'components',
    'crds',
    'configurations',
    'generators',
    'transformers',
    'validators',
  ],
  ...['path', 'paths', 'files', 'envs', 'env', 'patchesStrategicMerge'],
  ...['repo', 'chartRepoUrl', 'chartRepo', 'valuesFile', 'additionalValuesFiles'],
]);

/** Every place where a kustomization (or the configuration of a plugin) names a file, folder or URL, at any depth. */
export function fileReferences(
  source: YamlSource,
  node: unknown = source.document.contents,
): FileReference[] {
  const value = followAlias(source, node);
  if (isSeq(value)) return value.items.flatMap((item) => fileReferences(source, item));
  if (!isMap(value)) return [];
  return value.items.flatMap((pair) => {
    const inside = followAlias(source, pair.value);
    if (!referenceKeys.has(keyText(pair.key) ?? '')) return fileReferences(source, inside);
    if (isMap(inside)) return fileReferences(source, inside);
    const entries = isSeq(inside) ? itemsOf(source, inside) : inside === undefined ? [] : [inside];
    return entries.flatMap((entry) => {
      if (isMap(entry)) return fileReferences(source, entry);
      const text = textOfNode(entry);
      return isScalar(entry) && text !== undefined ? [{ value: text, scalar: entry }] : [];
    });
  });
}

/**
 * Whether kustomize would fetch this: a URL with any scheme, `git::`, `user@host:path`, a well-known host without a
 * scheme, or a path with a query that selects a version. Decided by the text alone, as kustomize does before it reads
 * the disk.
 */
export function isRemote(value: string): boolean {
  if (/[\n\r]/.test(value)) return false;
  return (
    /^[a-z][a-z0-9+.-]*:(\/\/|:)/i.test(value) ||
    /^(gh|git|hg|s3|gcs|oci):/i.test(value) ||
    /^(git|[\w.-]+)@[\w.-]+\.[\w.-]+[:/]/.test(value) ||
    /^git@/.test(value) ||
    /^(www\.)?(github\.com|gitlab\.com|bitbucket\.org|dev\.azure\.com|ssh\.dev\.azure\.com)[/:]/i.test(
      value,
    ) ||
    /[?&](ref|version|submodules|timeout)=/.test(value) ||
    /^[^/.]+\.[^/]+\/.*(\/\/|\.git(\/|$|\?)|\/_git\/)/.test(value)
  );
}

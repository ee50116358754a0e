import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { distance } from 'fastest-levenshtein';
import { kustomizationNames } from './files/kustomization-tree.ts';

const skipped = new Set(['node_modules', '.git', 'dist', 'vendor']);
const depthLimit = 5;

/**
 * The folder with a kustomization that is nearest to one that does not exist, relative to the workspace: looked for below the nearest
 * parent that is there, then in the whole workspace, chosen by edit distance.
 */
export function nearestOverlay(workspace: string, overlay: string): string | undefined {
  let parent = join(workspace, overlay);
  while (parent !== workspace && parent !== dirname(parent) && !existsSync(parent)) parent = dirname(parent);
  const near = foldersWithKustomization(parent, depthLimit);
  const candidates = near.length > 0 ? near : foldersWithKustomization(workspace, depthLimit);
  return candidates
    .map((folder) => relative(workspace, folder) || '.')
    .map((path) => ({ path, edits: distance(path, overlay) }))
    .sort((left, right) => left.edits - right.edits || left.path.localeCompare(right.path))[0]?.path;
}

function foldersWithKustomization(folder: string, depth: number): string[] {
  let entries: { name: string; isDirectory(): boolean }[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  const here = entries.some((entry) => kustomizationNames.some((name) => name === entry.name))
    ? [folder]
    : [];
  if (depth === 0) return here;
  const below = entries
    .filter((entry) => entry.isDirectory() && !skipped.has(entry.name))
    .flatMap((entry) => foldersWithKustomization(join(folder, entry.name), depth - 1));
  return [...here, ...below];
}

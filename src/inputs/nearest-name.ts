import { distance } from 'fastest-levenshtein';

/**
 * The name nearest to a misspelt one by edit distance, dashes and underscores taken as equal; undefined when nothing is near
 * (more than a third of the letters differ, and more than two).
 */
export function nearestName(wrong: string, names: readonly string[]): string | undefined {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_ ]/g, '');
  const ranked = names
    .map((name) => ({ name, edits: distance(plain(wrong), plain(name)) }))
    .sort((left, right) => left.edits - right.edits);
  const best = ranked[0];
  if (best === undefined) return undefined;
  return best.edits <= Math.max(2, Math.floor(best.name.length / 3)) ? best.name : undefined;
}

/** Why a selector matches nothing: whether it ever could, and the labels that were probably intended. */
import type { Source } from './pod-membership.ts';

type Labels = Readonly<Record<string, string>>;

/** Labels that controllers add to their pods, which are not in the template. */
const added =
  /^(statefulset\.kubernetes\.io\/pod-name|apps\.kubernetes\.io\/pod-index|pod-template-hash|pod-template-generation|controller-revision-hash|controller-uid|job-name|batch\.kubernetes\.io\/.+)$/;

/** The template has all labels of the selector, except those that a controller adds. */
export function templateMatches(selector: Labels, labels: Labels): boolean {
  return pairsOf(selector).every(([name, value]) => labels[name] === value);
}

/**
 * A pod of this template could still match later: a label that the template lacks may be added to the running pod (a
 * database operator labels its leader), but a label with a different value does not change.
 */
export function couldMatch(selector: Labels, labels: Labels): boolean {
  return pairsOf(selector).every(([name, value]) => labels[name] === undefined || labels[name] === value);
}

function pairsOf(selector: Labels): readonly (readonly [string, string])[] {
  return Object.entries(selector).filter(([name]) => !added.test(name));
}

interface Nearest {
  readonly title: string;
  /** The labels in question as the pods have them: `app=web`. */
  readonly labels: string;
  /** The first label of the selector that differs. */
  readonly name: string;
}

/** The template whose labels are most similar to the selector; undefined if none has anything in common with it. */
export function nearestLabels(selector: Labels, sources: readonly Source[]): Nearest | undefined {
  const ranked = sources
    .map((source) => ({ source, likeness: likenessOf(selector, source.labels) }))
    .sort((one, other) => other.likeness - one.likeness || (one.source.title < other.source.title ? -1 : 1));
  const best = ranked[0];
  if (best === undefined || best.likeness === 0) return undefined;
  const differing = Object.keys(selector).filter((name) => best.source.labels[name] !== selector[name]);
  const shown = differing.filter((name) => best.source.labels[name] !== undefined);
  return {
    title: best.source.title,
    labels: shown.length > 0 ? said(best.source.labels, shown) : said(best.source.labels),
    name: differing[0] ?? '',
  };
}

/** `app=web, tier=front`. */
export function said(labels: Labels, names: readonly string[] = Object.keys(labels)): string {
  return names.map((name) => `${name}=${labels[name] ?? ''}`).join(', ');
}

/** Equal pairs count most, then the similarity of values; a similar value of a different label counts a little. */
function likenessOf(selector: Labels, labels: Labels): number {
  let likeness = 0;
  for (const [name, value] of Object.entries(selector)) {
    const own = labels[name];
    if (own === value) likeness += 100;
    else if (own !== undefined) likeness += 1 + 50 * sharedLetters(own, value);
    else if (Object.values(labels).includes(value)) likeness += 40;
  }
  return likeness;
}

/** 0 to 1: the share of letters in common, in any order. */
function sharedLetters(one: string, other: string): number {
  const left = [...other];
  let shared = 0;
  for (const letter of one) {
    const place = left.indexOf(letter);
    if (place < 0) continue;
    left.splice(place, 1);
    shared += 1;
  }
  return shared / Math.max(one.length, other.length, 1);
}

import type { Failure } from '../../failure/failure.ts';
import { keyOf, titleOf } from '../../kubernetes/objects.ts';
import type { Cause } from './cause.ts';

/**
 * Merges causes into failures: those with the same key become one, with every affected object. The order of the
 * causes is kept, so the first one stays the headline.
 */
export function mergedFailures(causes: readonly Cause[]): readonly Failure[] {
  const groups = new Map<string, Failure[]>();
  for (const cause of causes) {
    groups.set(cause.mergeKey, [...(groups.get(cause.mergeKey) ?? []), cause.failure]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first, ...others] = group;
    return first === undefined ? [] : [joined(first, others)];
  });
}

function joined(first: Failure, others: readonly Failure[]): Failure {
  const known = new Set(first.objects.map(keyOf));
  const further = others
    .flatMap((other) => other.objects)
    .filter((object) => {
      const fresh = !known.has(keyOf(object));
      known.add(keyOf(object));
      return fresh;
    });
  const times = [first, ...others]
    .flatMap(({ evidenceAt }) => (evidenceAt === undefined ? [] : [evidenceAt]))
    .sort();
  const evidenceAt = times[0];
  return {
    ...first,
    objects: [...first.objects, ...further],
    message: further.length === 0 ? first.message : `${first.message} ${also(further.map(titleOf))}`,
    ...(evidenceAt === undefined ? {} : { evidenceAt }),
  };
}

const named = 5;

function also(titles: readonly string[]): string {
  const rest = titles.length - named;
  return `The same applies to ${titles.slice(0, named).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}.`;
}

/** What a story must end in, from the YAML file beside it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ObservedChange } from '../../../src/domain/rollout/state.ts';

const evidenceSchema = z.strictObject({
  /** Of all moments at which an object begins to match, the first or the last. */
  which: z.enum(['first', 'last']),
  /** What the changed object must hold: all these fields; of a list, an element for each given; /text/ is an expression. */
  object: z.record(z.string(), z.unknown()),
});

const expectedSchema = z.strictObject({
  why: z.string(),
  /** As `outcomeOf` words it: `passed`, `crash-loop of Deployment web`. */
  outcome: z.string(),
  /** What the first failure's message must hold. */
  cause: z.array(z.string()).default([]),
  /** The change after which the verdict can be known, */
  evidence: evidenceSchema,
  /** and what has to pass after it: a budget, `settle`. Seconds. */
  after: z.number(),
  /**
   * How many seconds late or lost news may be. Less where a container runs for most of `settle` before it ends: whoever
   * hears of its end later than the rest of that cannot tell it from one that stays up; and less where the reason is told
   * by events alone, and the end by the pod.
   */
  bears: z.number().default(8),
});

export type Expected = z.output<typeof expectedSchema>;

export function readExpected(name: string): Expected {
  return expectedSchema.parse(
    parse(readFileSync(join(import.meta.dirname, '../../rollouts', `${name}.yaml`), 'utf8')),
  );
}

/** The moment at which the evidence is there; throws if it never is. */
export function evidenceAt(
  changes: readonly ObservedChange[],
  { which, object }: Expected['evidence'],
): number {
  const matching = new Set<string>();
  const moments: number[] = [];
  for (const change of changes) {
    if (change.type === 'listed') continue;
    const { uid = '' } = change.object.metadata;
    if (!holds(change.object, object)) matching.delete(uid);
    else if (change.type === 'applied' && !matching.has(uid)) {
      matching.add(uid);
      moments.push(change.at);
    }
  }
  const moment = which === 'first' ? moments[0] : moments.at(-1);
  if (moment === undefined) throw new Error('no change of the story carries the evidence');
  return moment;
}

function holds(value: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern)) {
    return Array.isArray(value) && pattern.every((part) => value.some((one) => holds(one, part)));
  }
  if (typeof pattern === 'object' && pattern !== null) {
    if (typeof value !== 'object' || value === null) return false;
    const fields = value as Readonly<Record<string, unknown>>;
    return Object.entries(pattern).every(([name, part]) => name in fields && holds(fields[name], part));
  }
  const expression = typeof pattern === 'string' ? /^\/(.+)\/$/.exec(pattern)?.[1] : undefined;
  return expression === undefined
    ? value === pattern
    : typeof value === 'string' && new RegExp(expression).test(value);
}

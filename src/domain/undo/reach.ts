/**
 * How far undo follows a record. A record is a Secret, so whoever may write Secrets in the namespace can write one: what it names is held
 * against the limits of a deployment, and no entry may hold another object than the one that it names.
 */
import {
  groupKindOf,
  type JsonObject,
  type KubernetesObject,
  keyOf,
  titleOf,
} from '../kubernetes/objects.ts';
import { judgeOutside, type OutsideProblem, type Reach } from '../plan/scope.ts';
import type { StateBefore } from '../release/record.ts';

/** An entry that undo does not follow, and why. */
export interface RefusedEntry {
  readonly entry: StateBefore;
  readonly problem: Pick<OutsideProblem, 'reason' | 'message' | 'remedy'>;
}

/** A record's entries, parted into those that undo follows and those that it refuses. */
export interface FollowedRecord {
  readonly before: readonly StateBefore[];
  readonly refused: readonly RefusedEntry[];
}

/** @param live objects by `keyOf`, as far as they are known: objects outside the namespace have to carry the labels of their owner */
export function withinReach(
  before: readonly StateBefore[],
  live: ReadonlyMap<string, KubernetesObject>,
  reach: Reach,
): FollowedRecord {
  const judged = before.map((entry) => ({ entry, problem: problemOf(entry, live, reach) }));
  return {
    before: judged.filter(({ problem }) => problem === undefined).map(({ entry }) => entry),
    refused: judged.flatMap(({ entry, problem }) => (problem === undefined ? [] : [{ entry, problem }])),
  };
}

function problemOf(
  entry: StateBefore,
  live: ReadonlyMap<string, KubernetesObject>,
  reach: Reach,
): RefusedEntry['problem'] | undefined {
  const { reference, restore, remake } = entry;
  const held = [restore, remake?.object].find((object) => object !== undefined && !names(object, entry));
  if (held !== undefined) {
    return {
      reason: 'record-unreadable',
      message: `The release record names ${titleOf(reference)} and holds another object: somebody has changed the record.`,
      remedy: 'Find out who writes Secrets in this namespace, and deploy the commit that you want.',
    };
  }
  const [problem] = judgeOutside(reference, live.get(keyOf(reference))?.metadata.labels, reach);
  return problem;
}

/** The same kind, in any version, with the same name in the same place. */
function names(object: JsonObject, { reference }: StateBefore): boolean {
  const { apiVersion, kind, metadata } = object as unknown as Partial<KubernetesObject>;
  return (
    typeof apiVersion === 'string' &&
    typeof kind === 'string' &&
    groupKindOf({ apiVersion, kind }) === groupKindOf(reference) &&
    metadata?.name === reference.name &&
    metadata.namespace === reference.namespace
  );
}

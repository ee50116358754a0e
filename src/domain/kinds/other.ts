/** An object of any kind without a file here: judged by its own status, and by the pods that it owns. */

import { replicasOf } from '../kubernetes/surge.ts';
import { allPods, countObject, keepsByStrategy, never, none, nothing } from './answers.ts';
import type { KindTraits } from './kind.ts';

export const otherKind: KindTraits = {
  pods: 'owned',
  runs: 'until-deleted',
  endedPods: 'unknown',
  reportsGeneration: false,
  podsAlike: false,
  currentPods: allPods,
  wantedPods: none,
  keptPods: replicasOf,
  keepsOldPods: keepsByStrategy,
  removesOldPods: never,
  waitsForOldPods: never,
  orderedFrom: undefined,
  refusedPodsIn: 'events',
  pastProgressDeadline: never,
  pause: undefined,
  counts: countObject,
  whyIdle: nothing,
};

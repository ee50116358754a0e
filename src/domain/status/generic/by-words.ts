import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { statusByConditions } from './by-conditions.ts';
import {
  statusByCounts,
  statusByErrors,
  statusByFlags,
  statusByPhase,
  statusByUnknownPhase,
  worstOf,
} from './by-fields.ts';
import type { Status } from './status.ts';

/** What the status says by the vocabulary; `undefined` where it says nothing. */
export function statusByWords(object: KubernetesObject): Status | undefined {
  const told = worstOf([
    statusByConditions(object),
    statusByPhase(object),
    statusByErrors(object),
    statusByFlags(object),
    statusByCounts(object),
  ]);
  return told ?? statusByUnknownPhase(object);
}

import { idleNotice } from '../../domain/rollout/idle.ts';
import type { RolloutState } from '../../domain/rollout/state.ts';
import { notice, type Run } from '../run/context.ts';

/** Says once of which workloads no pod ran, so that green is not taken for more than it is. */
export function reportIdle(run: Run, state: RolloutState): void {
  const said = idleNotice(state);
  if (said !== undefined) notice(run, said);
}

import { idleNotice } from '../../domain/rollout/idle.ts';
import type { RolloutState } from '../../domain/rollout/state.ts';
import { notice, type Run } from '../run/context.ts';

/** Reports once which workloads ran no pod, so that a passed release is not taken for more than it proves. */
export function reportIdle(run: Run, state: RolloutState): void {
  const said = idleNotice(state);
  if (said !== undefined) notice(run, said);
}

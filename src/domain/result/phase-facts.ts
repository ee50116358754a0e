/** What each phase of `orion/deploy` is, as docs/PHASES.md prints it. */
import type { Settings } from '../settings/settings.ts';
import type { ExitCode } from './outcome.ts';

type Phase = NonNullable<Settings['phase']>;

interface PhaseFacts {
  readonly does: string;
  readonly changes: string;
  /** Besides 1 for a bad input and 5 for a cancelled job, which any phase can end with. */
  readonly exitCodes: readonly ExitCode[];
}

export const phaseFacts: Readonly<Record<Phase, PhaseFacts>> = {
  preflight: { does: 'the nine pre-checks', changes: 'no', exitCodes: [0, 1] },
  preview: {
    does: 'pre-checks, diff and plan digest, as `dry-run` of a deployment shows them',
    changes: 'no',
    exitCodes: [0, 1],
  },
  rollout: {
    does: 'checks and preview again, proves the approval (production), locks, records, applies, watches the rollout',
    changes: 'yes',
    exitCodes: [0, 1, 2, 5],
  },
  health: {
    does: 'the rollout once more, endpoints of the Services, then `monitor`',
    changes: 'only the record',
    exitCodes: [0, 1, 2, 3],
  },
  smoke: { does: 'the smoke tests', changes: 'only the record', exitCodes: [0, 1, 2, 4] },
  finish: {
    does: 'the record says `deployed`, then what the overlay no longer has is deleted',
    changes: 'prunes',
    exitCodes: [0, 1, 2],
  },
  rollback: {
    does: 'undoes the newest release if it failed or was interrupted; else returns to a deployed one',
    changes: 'yes',
    exitCodes: [0, 1, 2, 3, 4, 5],
  },
  observe: {
    does: 'says whether somebody kept the deploying job from starting, who and why; needs no cluster',
    changes: 'no',
    exitCodes: [0, 5],
  },
  history: {
    does: 'releases on record, newest first (who, what, when, verdict), and three of the four figures of dora.dev',
    changes: 'no',
    exitCodes: [0, 1],
  },
  unlock: {
    does: 'shows whose the lock is; if that run is dead, settles its record and releases the lock',
    changes: 'only the record',
    exitCodes: [0, 1],
  },
};

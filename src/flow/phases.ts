/** Which story each `phase` of the root action is. */
import type { ResultDocument } from '../domain/result.ts';
import type { Settings } from '../domain/settings.ts';
import { deploy } from './deploy.ts';
import { history } from './history.ts';
import { rollback } from './rollback.ts';
import type { Run } from './run.ts';
import { unlock } from './unlock.ts';

type Phase = NonNullable<Settings['phase']>;

const stories: Readonly<Record<Phase, (run: Run) => Promise<ResultDocument>>> = {
  preview: (run) => deploy({ ...run, settings: { ...run.settings, dryRun: true } }),
  rollback,
  history,
  unlock,
};

export async function runPhase(run: Run): Promise<ResultDocument> {
  const { phase } = run.settings;
  if (phase === undefined) throw new Error('The input `phase` is not read.');
  return stories[phase](run);
}

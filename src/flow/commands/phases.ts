/** The command of each `phase` of the root action. */
import type { ResultDocument } from '../../domain/result/document.ts';
import type { Settings } from '../../domain/settings/settings.ts';
import { sequenceOf } from '../phases/table.ts';
import type { Run } from '../run/context.ts';
import { deploy } from './deploy.ts';
import { history } from './history.ts';
import { observe } from './observe.ts';
import { rollback } from './rollback.ts';
import { finishStep, healthStep, preflightStep, smokeStep } from './steps.ts';
import { unlock } from './unlock.ts';

type Story = (run: Run) => Promise<ResultDocument>;
type Phase = NonNullable<Settings['phase']>;

const stories: Readonly<Record<Phase, Story>> = {
  preflight: settingOut(preflightStep),
  preview: (run) => deploy({ ...run, settings: { ...run.settings, dryRun: true } }),
  rollout: settingOut((run) => deploy(run, sequenceOf('rollout'))),
  health: healthStep,
  smoke: smokeStep,
  finish: finishStep,
  rollback,
  history,
  observe,
  unlock,
};

/** Runs what the input `phase` of the root action names; throws where the action has no such input. */
export async function runPhase(run: Run): Promise<ResultDocument> {
  const { phase } = run.settings;
  if (phase === undefined) throw new Error('The input `phase` has no command.');
  return stories[phase](run);
}

/** A rollback step with `if: failure()` must roll back this job's release, never the one before. */
function settingOut(story: Story): Story {
  return (run) => {
    run.setOut();
    return story(run);
  };
}

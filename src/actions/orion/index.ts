/** The code of all actions in one bundle, `dist/orion`: each entry point loads it after printing its first line. */
import type { ActionName } from '../../inputs/registry.ts';
import { runAction, type Story } from '../../wiring/action.ts';

/** Loaded only for the action that runs. */
const stories: Readonly<Record<ActionName, () => Promise<Story>>> = {
  'deploy-staging': deployStory,
  'deploy-production': deployStory,
  'smoke-tests': async () =>
    (await import(/* webpackMode: "eager" */ '../../flow/commands/smoke-tests.ts')).smokeTests,
  phase: async () => (await import(/* webpackMode: "eager" */ '../../flow/commands/phases.ts')).runPhase,
};

async function deployStory(): Promise<Story> {
  return (await import(/* webpackMode: "eager" */ '../../flow/commands/deploy.ts')).deploy;
}

/** Main, or post when main has left its state. @returns the exit code */
export async function runNamedAction(action: ActionName): Promise<number> {
  return runAction(action, await stories[action]());
}

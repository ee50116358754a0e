/** The built bundle as a workflow step, staging profile. */
import { join } from 'node:path';
import { startStep } from '../../../testbed/workflow-step.ts';
import { milliseconds, type Scenario } from '../../judge/scenario.ts';
import { now, type StampedLine, stampLines } from '../../scale/watched-process.ts';
import type { ToolRun } from '../tool-process.ts';
import type { Deployment, DeployTool } from './tool.ts';

const settle = '10s';

/** @param rollback what the bundle can do: `automatic`, or `manual` before undo is there */
export function orionTool(bundle: string, version: string, rollback: string): DeployTool {
  return {
    name: 'orion',
    version,
    command: `deploy-staging, \`rollback: ${rollback}\``,
    rollsBack: rollback === 'automatic',
    settle: ({ inputs }, lines) =>
      milliseconds(String(inputs['settle'] ?? settle)) +
      milliseconds(String(inputs['monitor'] ?? '0s')) +
      smokeTime(lines),
    deploy: (deployment) => deployByOrion(join(bundle, 'index.js'), { rollback, settle }, deployment),
    // Before logs are fetched or anything is undone, and before the record is closed. A run that judges nothing has only last words.
    verdictLine: (lines) => {
      const lastWords = lines.findLast(({ text }) => /, exit code \d\)$/.test(text));
      const judged = lastWords?.text.endsWith(' 0)')
        ? lines.findLast(({ text }) => /\b(rollout|health|monitor|smoke) passed in\b/.test(text))
        : lines.find(isFailure);
      return judged ?? lastWords;
    },
    explanation: (lines) => {
      const from = lines.findIndex(isFailure);
      const said = from < 0 ? [] : lines.slice(from);
      const undone = said.findIndex(({ text }) => text.startsWith('::group::rollback'));
      return undone < 0 ? said : said.slice(0, undone);
    },
  };
}

function isFailure({ text }: StampedLine): boolean {
  return /^[\d:.]+\s+\+[\d.]+s\s+FAIL /.test(text);
}

/** From the first to the last line of the smoke tests; the rollout has its verdict by then. */
function smokeTime(lines: readonly StampedLine[]): number {
  const begun = lines.find(({ text }) => text.trim() === '::group::smoke');
  const over = lines.find(({ text }) => /\bsmoke passed\b/.test(text));
  return begun === undefined || over === undefined ? 0 : over.at - begun.at;
}

export interface OrionRun extends ToolRun {
  /** Of the main step. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** Main and post. @param profile inputs of every deployment; those of the scenario come before them */
export async function deployByOrion(
  bundle: string,
  profile: Readonly<Record<string, string>>,
  deployment: Deployment,
): Promise<OrionRun> {
  const { kubeconfig, workspace, scenario, deadline, stopped, env } = deployment;
  const lines = stampLines();
  const startedAt = now();
  const step = await startStep({
    bundle,
    workspace: workspace.folder,
    inputs: {
      overlay: workspace.overlay,
      namespace: workspace.namespace,
      app: 'shop',
      kubeconfig,
      ...profile,
      ...inputsOf(scenario),
    },
    env: {
      NO_COLOR: '1',
      HOME: env['HOME'] ?? '',
      ...(env['GITHUB_RUN_ID'] && { GITHUB_RUN_ID: env['GITHUB_RUN_ID'] }),
    },
    onOutput: lines.add,
  });
  let timedOut = false;
  const end = () => step.process.kill('SIGKILL');
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, deadline - startedAt);
  stopped.addEventListener('abort', end, { once: true });
  const result = await step.result;
  clearTimeout(timer);
  stopped.removeEventListener('abort', end);
  const endedAt = now();
  if (!timedOut && !stopped.aborted) {
    await (
      await startStep(
        { bundle, workspace: workspace.folder, inputs: { kubeconfig, ...profile } },
        result.state,
      )
    ).result;
  }
  const { exitCode, outputs } = result;
  return { startedAt, endedAt, exitCode, outputs, lines: lines.seen, timedOut };
}

function inputsOf({ inputs }: Scenario): Record<string, string> {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, String(value)]));
}

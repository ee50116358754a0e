/** What every tool is given, and what is wanted of it. */
import type { Scenario } from '../../judge/scenario.ts';
import type { StampedLine } from '../../scale/watched-process.ts';
import type { ToolRun } from '../tool-process.ts';
import type { Workspace } from '../workspace.ts';

export interface Deployment {
  readonly kubeconfig: string;
  readonly workspace: Workspace;
  readonly scenario: Scenario;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** Ends the tool as `kill -9` does. */
  readonly stopped: AbortSignal;
  /** Variables of the tool's process: PATH, HOME, KUBECONFIG. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface DeployTool {
  readonly name: string;
  readonly version: string;
  /** How it is run, for the page. */
  readonly command: string;
  /** What it waits before green by itself, and does after its verdict on the rollout that no other tool does; milliseconds. */
  settle(scenario: Scenario, lines: readonly StampedLine[]): number;
  /** True if it puts back what was there before a failed deployment. */
  readonly rollsBack: boolean;
  deploy(deployment: Deployment): Promise<ToolRun>;
  /** The line that gives the verdict away, for a tool that goes on after it; without one, its end counts. */
  verdictLine?(lines: readonly StampedLine[]): StampedLine | undefined;
  /** Where the cause must stand, for a tool that names every object while it applies and undoes; without it, anywhere. */
  explanation?(lines: readonly StampedLine[]): readonly StampedLine[];
}

/** Runs one after the other until one fails; the exit code of the last that ran is that of the whole. */
export async function inSequence(
  runs: readonly (() => Promise<ToolRun>)[],
  startedAt: number,
): Promise<ToolRun> {
  const lines: StampedLine[] = [];
  let last: ToolRun | undefined;
  for (const run of runs) {
    last = await run();
    lines.push(...last.lines);
    if (last.exitCode !== 0) break;
  }
  return {
    startedAt,
    endedAt: last?.endedAt ?? startedAt,
    exitCode: last?.exitCode ?? 0,
    timedOut: last?.timedOut ?? false,
    lines,
  };
}

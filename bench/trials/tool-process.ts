/** A tool's process: its lines stamped as they arrive, ended with everything it started when its time is up. */
import { spawn } from 'node:child_process';
import { now, type StampedLine, stampLines } from '../scale/watched-process.ts';

export interface ToolRun {
  readonly startedAt: number;
  readonly endedAt: number;
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly lines: readonly StampedLine[];
  /** True if it had to be ended. */
  readonly timedOut: boolean;
}

export interface ToolCommand {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly input?: string;
}

/** Runs a command, at the longest until `deadline` (milliseconds since the epoch) or until `stopped`. */
export async function runTool(
  { command, parameters, env, cwd, input }: ToolCommand,
  deadline: number,
  stopped: AbortSignal,
): Promise<ToolRun> {
  const startedAt = now();
  const child = spawn(command, parameters, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const lines = stampLines();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', lines.add);
  }
  child.stdin.on('error', () => undefined).end(input ?? '');
  let timedOut = false;
  const end = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, deadline - startedAt);
  stopped.addEventListener('abort', end, { once: true });
  const exitCode = await new Promise<number | null>((resolve, reject) =>
    child.on('close', resolve).on('error', reject),
  );
  clearTimeout(timer);
  stopped.removeEventListener('abort', end);
  return { startedAt, endedAt: now(), exitCode, lines: lines.seen, timedOut };
}

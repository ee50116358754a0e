/** A child process with its lines stamped as they arrive, and the most memory it had. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setInterval } from 'node:timers';

export interface StampedLine {
  readonly text: string;
  /** Milliseconds since the epoch, with fractions. */
  readonly at: number;
}

export interface Ended {
  readonly code: number | null;
  readonly lines: readonly StampedLine[];
  readonly startedAt: number;
  readonly endedAt: number;
  /** Bytes, of the process itself, without its children. */
  readonly peakMemory: number;
}

export function now(): number {
  return performance.timeOrigin + performance.now();
}

export async function runToEnd(
  command: string,
  parameters: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Ended> {
  const startedAt = now();
  const child = spawn(command, parameters, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const memory = watchMemory(child);
  const lines = stampLines();
  child.stdout.setEncoding('utf8').on('data', lines.add);
  const code = await new Promise<number | null>((resolve, reject) =>
    child.on('close', resolve).on('error', reject),
  );
  return { code, lines: lines.seen, startedAt, endedAt: now(), peakMemory: memory() };
}

/** Splits text into lines, each with the moment at which its end arrived. */
export function stampLines(onLine: (line: StampedLine) => void = () => undefined) {
  const seen: StampedLine[] = [];
  let held = '';
  return {
    seen,
    add: (text: string): void => {
      const parts = (held + text).split('\n');
      held = parts.pop() ?? '';
      for (const part of parts) {
        const line = { text: part, at: now() };
        seen.push(line);
        onLine(line);
      }
    },
  };
}

/** The kernel's own high-water mark (VmHWM), read until the process is gone: what is added in its last moments may be missed. */
export function watchMemory(child: ChildProcess): () => number {
  let peak = 0;
  const read = (): void => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024 || peak;
    } catch {
      // It has ended.
    }
  };
  const timer = setInterval(read, 50);
  child.on('close', () => clearInterval(timer));
  return () => peak;
}

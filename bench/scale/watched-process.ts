/** A child process with its lines stamped as they arrive, and what it used. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
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
  const usage = watchUsage(child);
  const lines = stampLines();
  child.stdout.setEncoding('utf8').on('data', lines.add);
  const code = await new Promise<number | null>((resolve, reject) =>
    child.on('close', resolve).on('error', reject),
  );
  return { code, lines: lines.seen, startedAt, endedAt: now(), peakMemory: usage().peakMemory };
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

/** What a process has used, itself and without its children. */
export interface Usage {
  /** Bytes: the kernel's own high-water mark (VmHWM). */
  readonly peakMemory: number;
  /** Milliseconds of user and system time, counted in hundredths of a second. */
  readonly processorTime: number;
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** The usage up to now. Once the process has ended, up to 50 ms before its end: what it used later may be missed. */
export function watchUsage(child: ChildProcess): () => Usage {
  let usage: Usage = { peakMemory: 0, processorTime: 0 };
  const read = (): Usage => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      // The name in brackets may hold anything; fields are counted after it. utime and stime are 14 and 15 of proc(5).
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      usage = {
        peakMemory: Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024 || usage.peakMemory,
        processorTime: ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond,
      };
    } catch {
      // It has ended.
    }
    return usage;
  };
  const timer = setInterval(read, 50);
  child.on('close', () => clearInterval(timer));
  return read;
}

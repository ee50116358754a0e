import { type ChildProcess, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setInterval } from 'node:timers';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/**
 * User and system time of a process without its children, milliseconds, as the kernel counts it (/proc/PID/stat, in
 * hundredths of a second). Once it has ended, what it had 50 ms before at the latest.
 */
export function watchProcessorTime(child: ChildProcess): () => number {
  let spent = 0;
  const read = (): number => {
    try {
      // The name in brackets may hold anything; fields are counted after it. utime and stime are 14 and 15 of proc(5).
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      spent = ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
    } catch {
      // It has ended.
    }
    return spent;
  };
  const timer = setInterval(read, 50);
  child.on('close', () => clearInterval(timer));
  return read;
}

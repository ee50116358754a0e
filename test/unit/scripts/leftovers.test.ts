import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { endLeftovers, runVariable } from '../../../scripts/leftovers.ts';

const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

async function startSleeper(run: string): Promise<ChildProcess> {
  const script = 'console.log("up"); setInterval(() => {}, 1000)';
  const child = spawn(process.execPath, ['-e', script], {
    env: { [runVariable]: run },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  started.push(child);
  await once(child.stdout, 'data');
  return child;
}

test.runIf(process.platform === 'linux')(
  'ends what carries the mark of this run, and nothing else',
  async () => {
    const run = randomUUID();
    const mine = await startSleeper(run);
    const other = await startSleeper(randomUUID());
    const ended = once(mine, 'exit');
    expect(await endLeftovers(run)).toEqual([expect.stringContaining(`process ${mine.pid}, `)]);
    await ended;
    expect(mine.signalCode).toBe('SIGKILL');
    expect([other.exitCode, other.signalCode]).toEqual([null, null]);
    expect(await endLeftovers(run)).toEqual([]);
  },
);

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isRunning, type ProcessRecord } from '../control-plane/processes.ts';
import { messageOf, TestbedError } from '../testbed-error.ts';

const pauseMilliseconds = 100;

/**
 * Asks until the answer is true.
 * @param what ends the sentence "Timed out waiting for …"
 * @param check may throw: that counts as no, and the last message is part of the error
 * @param program if it ends, waiting is pointless, and the end of its log is the error
 */
export async function waitFor(
  what: string,
  check: () => Promise<boolean>,
  program?: ProcessRecord,
  timeoutMilliseconds = 60_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMilliseconds;
  let last = '';
  while (performance.now() < deadline) {
    if (program !== undefined && !isRunning(program)) throw new TestbedError(obituary(program));
    try {
      if (await check()) return;
      last = '';
    } catch (error) {
      last = `: ${messageOf(error)}`;
    }
    await delay(pauseMilliseconds);
  }
  throw new TestbedError(`Timed out after ${timeoutMilliseconds / 1000} s waiting for ${what}${last}`);
}

function obituary({ name, log }: ProcessRecord): string {
  const last = readFileSync(log, 'utf8').trim().split('\n').slice(-5).join('\n');
  return `${name} ended. Its log, ${log}, ends with:\n${last}`;
}

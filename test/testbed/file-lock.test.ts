import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withFileLock } from '../../testbed/binaries/file-lock.ts';

let folder: string;
let lock: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-lock-'));
  lock = join(folder, 'below', 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('only one holds it at a time', async () => {
  let inside = 0;
  const most: number[] = [];
  const hold = () =>
    withFileLock(lock, async () => {
      inside += 1;
      most.push(inside);
      await delay(20);
      inside -= 1;
    });
  await Promise.all([hold(), hold(), hold()]);
  expect(most).toEqual([1, 1, 1]);
});

test('it is free again after an error', async () => {
  const failing = withFileLock(lock, () => Promise.reject(new Error('inside')));
  await expect(failing).rejects.toThrow('inside');
  expect(await withFileLock(lock, async () => 'free')).toBe('free');
});

test('a holder that was killed does not block the next one', async () => {
  const module = join(import.meta.dirname, '..', '..', 'testbed', 'binaries', 'file-lock.ts');
  const program = `import { withFileLock } from ${JSON.stringify(module)};
    await withFileLock(${JSON.stringify(lock)}, () => { console.log('held'); return new Promise((done) => setTimeout(done, 60_000)); });`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program]);
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  const waiting: string[] = [];
  const next = withFileLock(
    lock,
    async () => 'free',
    () => {
      waiting.push('waits');
      holder.kill('SIGKILL');
    },
  );
  expect(await next).toBe('free');
  expect(waiting).toEqual(['waits']);
});

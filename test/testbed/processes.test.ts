import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  isRunning,
  listProcesses,
  startProcess,
  stopProcess,
} from '../../testbed/control-plane/processes.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-processes-'));
});
afterEach(async () => {
  for (const { name } of listProcesses(folder)) await stopProcess(folder, name, 0);
  await rm(folder, { recursive: true, force: true });
});

function start(name: string, program: string) {
  return startProcess(folder, { name, command: process.execPath, arguments: ['-e', program] });
}

async function logOf(record: { log: string }, text: string): Promise<void> {
  while (!(await readFile(record.log, 'utf8')).includes(text));
}

test('a process is noted, stopped and forgotten', async () => {
  const record = start('waits', 'setInterval(() => {}, 1000); console.log("started")');
  await logOf(record, 'started');
  expect(listProcesses(folder)).toEqual([record]);
  expect(isRunning(record)).toBe(true);
  await stopProcess(folder, 'waits', 5_000);
  expect(isRunning(record)).toBe(false);
  expect(listProcesses(folder)).toEqual([]);
});

test('one that ignores SIGTERM is killed', async () => {
  const record = start(
    'stays',
    'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("deaf")',
  );
  await logOf(record, 'deaf');
  await stopProcess(folder, 'stays', 100);
  expect(isRunning(record)).toBe(false);
});

test('another process that got the same pid is not ours and is left alone', async () => {
  const record = start('waits', 'setInterval(() => {}, 1000)');
  const earlier = { ...record, identity: '1' };
  await writeFile(join(folder, 'processes', 'waits.json'), JSON.stringify(earlier));
  expect(isRunning(earlier)).toBe(false);
  await stopProcess(folder, 'waits', 0);
  expect(isRunning(record)).toBe(true);
  process.kill(record.pid, 'SIGKILL');
});

test('a program that does not exist does not run, and can be stopped', async () => {
  const record = startProcess(folder, { name: 'absent', command: join(folder, 'absent'), arguments: [] });
  expect(isRunning(record)).toBe(false);
  await stopProcess(folder, 'absent', 1_000);
  expect(listProcesses(folder)).toEqual([]);
});

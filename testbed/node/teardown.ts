import { mkdir, readdir, readFile, readlink, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { runCommand } from '../binaries/run-command.ts';
import { stopProcess } from '../control-plane/processes.ts';
import { TestbedError } from '../testbed-error.ts';
import { tearDownCgroups } from './cgroup.ts';
import { kill } from './kill.ts';
import { containerdSocket, nodeLayout, runDirectory } from './layout.ts';
import { tearDownNetwork } from './network.ts';

/** The program that holds the machine's lock, so it is ended last. */
export const keeperName = 'keeper';

/** Says whose node this is, so that a teardown that is called for another folder finds its mounts, too. */
export const ownerFile = `${runDirectory}/state-directory`;
const programs = ['kubelet', 'kube-proxy', 'coredns', 'containerd', 'containerd-shim-runc-v2'];
const graceMilliseconds = 5_000;
const devicePlugins = '/var/lib/kubelet/device-plugins';
const containerLogLinks = '/var/log/containers';

/** To be called by the holder of the machine's lock before anything else of a node is made. */
export async function noteOwner(stateDirectory: string): Promise<void> {
  await mkdir(runDirectory, { recursive: true });
  await writeFile(ownerFile, stateDirectory);
}

/**
 * Removes every trace of a node from the machine, whether it runs, was stopped halfway, or was killed. Only for the holder
 * of the machine's lock. The logs in the state folder stay.
 */
export async function tearDown(stateDirectory: string): Promise<void> {
  const owner = await readFile(ownerFile, 'utf8').catch(() => stateDirectory);
  const owners = [...new Set([resolve(stateDirectory), owner])];
  const directories = owners.map((each) => nodeLayout(each).directory);
  for (const each of owners) await stopPrograms(each);
  await killLeftPrograms(directories);
  await tearDownCgroups();
  await unmountBelow([runDirectory, ...directories]);
  await tearDownNetwork();
  await removeLogLinks(directories);
  await removeDevicePlugins();
  // What was killed may still be writing: that is what the retries are for.
  await Promise.all(
    directories.map((directory) => rm(directory, { recursive: true, force: true, maxRetries: 10 })),
  );
  await rm(runDirectory, { recursive: true, force: true });
  // The machine's lock goes with it: from here on, the next node may start.
  for (const each of owners) await stopProcess(each, keeperName, graceMilliseconds);
}

/** The kubelet first: it would start again what is killed later. */
async function stopPrograms(stateDirectory: string): Promise<void> {
  await stopProcess(stateDirectory, 'kubelet', graceMilliseconds);
  await Promise.all(programs.map((name) => stopProcess(stateDirectory, name, graceMilliseconds)));
}

/**
 * Kills what the state folder has no note of any more: shims, which outlive containerd by design, and everything if somebody
 * deleted the folder of a running node. Ours are those that were told our socket or a file in our folders.
 */
async function killLeftPrograms(directories: readonly string[]): Promise<void> {
  const places = [containerdSocket, ...directories.map((directory) => `${directory}/`)];
  const isOurs = ([command = '', ...words]: string[]) =>
    programs.includes(basename(command)) &&
    words.some((word) => places.some((place) => word.includes(place)));
  for (const id of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
    if (isOurs(command.split('\0'))) kill(Number(id));
  }
}

/**
 * Unmounts lazily, the latest mount first, so that nothing that is still open keeps a folder.
 * @throws TestbedError if a mount stays: deleting the folders would then delete what is mounted there
 */
async function unmountBelow(directories: readonly string[]): Promise<void> {
  const mounted = await mountPointsBelow(directories);
  for (const point of mounted.reverse()) await runCommand('umount', ['--lazy', point]).catch(() => undefined);
  const left = await mountPointsBelow(directories);
  if (left.length === 0) return;
  throw new TestbedError(
    `The node's mounts ${left.join(', ')} cannot be removed. Run: umount --lazy ${left.join(' ')}`,
  );
}

async function mountPointsBelow(directories: readonly string[]): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  const points = table.split('\n').flatMap((line) => line.split(' ')[4] ?? []);
  return points
    .map(unescapeMountPoint)
    .filter((point) => directories.some((directory) => point.startsWith(`${directory}/`)));
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
function unescapeMountPoint(point: string): string {
  return point.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** The kubelet keeps links to container logs in a fixed folder, whatever its configuration says. */
async function removeLogLinks(directories: readonly string[]): Promise<void> {
  for (const name of await readdir(containerLogLinks).catch(() => [])) {
    const link = join(containerLogLinks, name);
    const target = await readlink(link).catch(() => '');
    if (directories.some((directory) => target.startsWith(`${directory}/`))) await unlink(link);
  }
  await rmdir(containerLogLinks).catch(() => undefined);
}

/** This folder, too, the kubelet uses whatever its root is. realNodeSupport sees to it that it is nobody else's. */
async function removeDevicePlugins(): Promise<void> {
  await rm(devicePlugins, { recursive: true, force: true });
  await rmdir(join(devicePlugins, '..')).catch(() => undefined);
}

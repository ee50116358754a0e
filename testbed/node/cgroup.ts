import { access, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kill } from './kill.ts';
import { waitFor } from './wait.ts';

/** Parent of all pods' cgroups, of our own, so that nobody else's pods are touched when we clean up. */
export const cgroupRoot = '/orion-testbed';

const cgroupMount = '/sys/fs/cgroup';

/** Makes our folder in the unified tree or, with cgroup v1, in the tree of every controller: the kubelet wants to find it. */
export async function createCgroupRoot(): Promise<void> {
  const unified = await isUnified();
  if (unified) await handDownControllers();
  for (const folder of await cgroupFolders()) {
    await mkdir(folder, { recursive: true });
    if (!unified) await inheritProcessors(folder);
  }
}

/** With cgroup v2 a controller works in a folder only if those above hand it down. */
async function handDownControllers(): Promise<void> {
  const available = await readFile(join(cgroupMount, 'cgroup.controllers'), 'utf8');
  for (const name of available.trim().split(' ')) {
    // Some, such as cpu with real-time processes about, may be refused; the kubelet says which one it misses.
    await writeFile(join(cgroupMount, 'cgroup.subtree_control'), `+${name}`).catch(() => undefined);
  }
}

/** With cgroup v1 a new cpuset is empty, and nothing can run in it or below it. */
async function inheritProcessors(folder: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const inherited = await readFile(join(folder, '..', file), 'utf8').catch(() => '');
    if (inherited.trim() !== '') await writeFile(join(folder, file), inherited);
  }
}

/** Kills every process of every pod and removes the folders. */
export async function tearDownCgroups(): Promise<void> {
  for (const folder of await cgroupFolders()) {
    await waitFor(`the processes of ${folder} to end`, () => removeEmptied(folder), undefined, 10_000);
  }
}

/** Kills what is inside, then removes folders from the deepest up. False while something is still dying. */
async function removeEmptied(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return true;
  let emptied = true;
  for (const entry of entries) {
    if (entry.isDirectory()) emptied = (await removeEmptied(join(folder, entry.name))) && emptied;
  }
  const processes = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  for (const id of processes.split('\n').filter(Boolean)) kill(Number(id));
  if (!emptied || processes !== '') return false;
  return await rmdir(folder).then(
    () => true,
    () => false,
  );
}

async function cgroupFolders(): Promise<string[]> {
  if (await isUnified()) return [join(cgroupMount, cgroupRoot)];
  const trees = await readdir(cgroupMount, { withFileTypes: true });
  // Links such as cpu → cpu,cpuacct lead to trees that are listed under their own name.
  return trees.filter((tree) => tree.isDirectory()).map((tree) => join(cgroupMount, tree.name, cgroupRoot));
}

function isUnified(): Promise<boolean> {
  return access(join(cgroupMount, 'cgroup.controllers')).then(
    () => true,
    () => false,
  );
}

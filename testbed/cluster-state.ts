import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const stateSchema = z.object({
  version: z.literal(1),
  /** `real`: a kubelet with containerd on this machine; `hollow`: nodes that exist in the API only. */
  node: z.enum(['hollow', 'real']),
  /** Hollow nodes that were asked for. */
  hollowNodes: z.number(),
  server: z.string(),
  startedAt: z.iso.datetime(),
  /** False from the first step of a start to its last. */
  complete: z.boolean(),
});

/** What `<state>/state.json` says of a cluster. */
export type ClusterState = z.infer<typeof stateSchema>;

/** What was noted, or undefined if there is nothing that this version understands. */
export async function readState(stateDirectory: string): Promise<ClusterState | undefined> {
  try {
    return stateSchema.parse(JSON.parse(await readFile(statePath(stateDirectory), 'utf8')));
  } catch {
    return undefined;
  }
}

export async function writeState(stateDirectory: string, state: ClusterState): Promise<void> {
  await mkdir(stateDirectory, { recursive: true });
  const path = statePath(stateDirectory);
  await writeFile(`${path}.new`, `${JSON.stringify(state, undefined, 2)}\n`);
  await rename(`${path}.new`, path);
}

// By name, never the whole folder: somebody may name one that holds other things too.
const ownEntries = /^(state\.json|certificates|kubeconfigs|processes|etcd|audit-policy\.json|audit.*\.log)$/;

/** Removes what a cluster left in its folder; its logs only with `logsToo`. Nothing of it may still run. */
export async function removeState(stateDirectory: string, logsToo: boolean): Promise<void> {
  for (const name of await readdir(stateDirectory)) {
    if (!ownEntries.test(name) && !(logsToo && name === 'logs')) continue;
    await rm(join(stateDirectory, name), { recursive: true, force: true });
  }
}

function statePath(stateDirectory: string): string {
  return join(stateDirectory, 'state.json');
}

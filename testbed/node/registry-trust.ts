import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeLayout } from './layout.ts';

/**
 * Lets the node pull from a registry over plain HTTP; effective at once, containerd reads the folder at each pull.
 * @param address `host:port`, as in image names
 */
export async function trustRegistry(stateDirectory: string, address: string): Promise<void> {
  const folder = join(nodeLayout(stateDirectory).registries, address);
  const url = JSON.stringify(`http://${address}`);
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'hosts.toml'),
    `server = ${url}\n\n[host.${url}]\ncapabilities = ["pull", "resolve"]\n`,
  );
}

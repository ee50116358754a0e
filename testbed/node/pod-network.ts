import { mkdir, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../binaries/run-command.ts';
import type { NodeLayout } from './layout.ts';

/** Addresses of pods. */
export const podRange = '10.251.0.0/24';

const podGateway = '10.251.0.1';
const networkName = 'orion-testbed';
const cache = '/var/lib/cni';

/** Writes the CNI configuration; containerd picks it up by itself. */
export async function configurePodNetwork(layout: NodeLayout): Promise<void> {
  await mkdir(layout.cniConfiguration, { recursive: true });
  const file = join(layout.cniConfiguration, '10-orion.conflist');
  await writeFile(file, JSON.stringify(cniConfiguration(layout), undefined, 2));
}

/**
 * `ptp`, not `bridge`: on one node, bridge breaks pod → Service → pod. The nftables back ends put all rules into tables of
 * their own, which can be deleted whole.
 */
function cniConfiguration(layout: NodeLayout): object {
  return {
    cniVersion: '1.0.0',
    name: networkName,
    plugins: [
      {
        type: 'ptp',
        ipMasq: true,
        ipMasqBackend: 'nftables',
        ipam: {
          type: 'host-local',
          dataDir: layout.cniAddresses,
          ranges: [[{ subnet: podRange, gateway: podGateway }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true }, backend: 'nftables' },
    ],
  };
}

/** The host's ends of our pods' links: `ptp` gives each of them the gateway's address. */
export async function podLinks(): Promise<string[]> {
  const shown = await runCommand('ip', ['-json', 'address', 'show', 'to', `${podGateway}/32`]);
  const links: { ifname?: string }[] = JSON.parse(shown || '[]');
  return links.flatMap((link) => link.ifname ?? []);
}

/** The CNI library notes each attachment in a fixed folder, whatever the configuration says. */
export async function removePodNetworkCache(): Promise<void> {
  const results = join(cache, 'results');
  const ours = (await readdir(results).catch(() => [])).filter((file) => file.startsWith(`${networkName}-`));
  await Promise.all(ours.map((file) => rm(join(results, file), { force: true })));
  for (const directory of [results, cache]) await rmdir(directory).catch(() => undefined);
}

import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../binaries/run-command.ts';
import { nodeAddress } from '../control-plane/components.ts';
import { type NodeLayout, runDirectory } from './layout.ts';

/** Addresses that LoadBalancer Services may get; the node's own is the first. */
export const loadBalancerAddresses = Array.from({ length: 254 }, (_, index) => `10.250.0.${index + 1}`);
export const podRange = '10.251.0.0/24';

const loadBalancerRange = '10.250.0.0/24';
const bridge = 'orion0';
const podGateway = '10.251.0.1';
const networkName = 'orion-testbed';
const forwarding = '/proc/sys/net/ipv4/ip_forward';
const forwardingBefore = `${runDirectory}/ip_forward.before`;
const cniCache = '/var/lib/cni';

const ourTables = [
  'ip kube-proxy',
  'ip6 kube-proxy',
  'inet cni_plugins_masquerade',
  'ip cni_hostport',
  'ip6 cni_hostport',
];
/** CNI's clean-up asks iptables, too, which makes these and leaves them empty. */
const sharedTables = ['ip nat', 'ip6 nat'];

/** Brings up the node's link and address (a bridge without ports: small machines' kernels have no dummy device), turns forwarding on (its value of before is noted), and writes the CNI configuration. */
export async function setUpNetwork(layout: NodeLayout): Promise<void> {
  await runCommand('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await runCommand('ip', ['address', 'add', `${nodeAddress}/32`, 'dev', bridge]);
  await runCommand('ip', ['link', 'set', bridge, 'up']);
  // Makes every load balancer address local, so that a port nobody serves is refused at once instead of timing out.
  await runCommand('ip', ['route', 'add', 'local', loadBalancerRange, 'dev', bridge, 'src', nodeAddress]);
  await writeFile(forwardingBefore, await readFile(forwarding, 'utf8'), { flag: 'wx' });
  await writeFile(forwarding, '1\n');
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

/** Removes links, tables and CNI's notes about our pods, and gives forwarding its earlier value back. */
export async function tearDownNetwork(): Promise<void> {
  const links = [bridge, ...(await podLinks())];
  await Promise.all(links.map((link) => runCommand('ip', ['link', 'delete', link]).catch(ignoreAbsence)));
  await removeTables();
  const before = await readFile(forwardingBefore, 'utf8').catch(() => undefined);
  if (before !== undefined) await writeFile(forwarding, before);
  await rm(forwardingBefore, { force: true });
  await removeCniCache();
}

async function removeTables(): Promise<void> {
  const listed = await runCommand('nft', ['list', 'tables']);
  const present = (tables: string[]) =>
    tables.filter((table) => listed.split('\n').includes(`table ${table}`));
  for (const table of present(sharedTables)) {
    const content = await runCommand('nft', ['list', 'table', ...table.split(' ')]);
    if (/^table [^{]*\{\s*\}\s*$/.test(content)) await deleteTable(table);
  }
  for (const table of present(ourTables)) await deleteTable(table);
}

async function deleteTable(table: string): Promise<void> {
  await runCommand('nft', ['delete', 'table', ...table.split(' ')]);
}

/** The host's ends of our pods' links: `ptp` gives each of them the gateway's address. */
async function podLinks(): Promise<string[]> {
  const shown = await runCommand('ip', ['-json', 'address', 'show', 'to', `${podGateway}/32`]);
  const links: { ifname?: string }[] = JSON.parse(shown || '[]');
  return links.flatMap((link) => (link.ifname === undefined ? [] : [link.ifname]));
}

/** The CNI library notes each attachment in a fixed folder, whatever the configuration says. */
async function removeCniCache(): Promise<void> {
  const results = join(cniCache, 'results');
  const ours = (await readdir(results).catch(() => [])).filter((file) => file.startsWith(`${networkName}-`));
  await Promise.all(ours.map((file) => rm(join(results, file), { force: true })));
  for (const directory of [results, cniCache]) await rmdir(directory).catch(() => undefined);
}

function ignoreAbsence(error: Error): void {
  if (!error.message.includes('Cannot find device')) throw error;
}

import { readFile, rm, writeFile } from 'node:fs/promises';
import { runCommand } from '../binaries/run-command.ts';
import { nodeAddress } from '../control-plane/components.ts';
import { closeFirewall, openFirewall } from './firewall.ts';
import { type NodeLayout, runDirectory } from './layout.ts';
import { removeTables } from './packet-tables.ts';
import { configurePodNetwork, podLinks, removePodNetworkCache } from './pod-network.ts';

/** Addresses that LoadBalancer Services may get; the node's own is the first. */
export const loadBalancerAddresses = Array.from({ length: 254 }, (_, index) => `10.250.0.${index + 1}`);

const loadBalancerRange = '10.250.0.0/24';
const bridge = 'orion0';
const forwarding = '/proc/sys/net/ipv4/ip_forward';
const forwardingBefore = `${runDirectory}/ip_forward.before`;

/** Brings up the node's address, lets packets of pods through, and writes the configuration of the pod network. */
export async function setUpNetwork(layout: NodeLayout): Promise<void> {
  // A bridge without ports: the kernels of small machines have no dummy device.
  await runCommand('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await runCommand('ip', ['address', 'add', `${nodeAddress}/32`, 'dev', bridge]);
  await runCommand('ip', ['link', 'set', bridge, 'up']);
  // Makes every load balancer address local, so that a port nobody serves is refused at once instead of timing out.
  await runCommand('ip', ['route', 'add', 'local', loadBalancerRange, 'dev', bridge, 'src', nodeAddress]);
  await writeFile(forwardingBefore, await readFile(forwarding, 'utf8'), { flag: 'wx' });
  await writeFile(forwarding, '1\n');
  await openFirewall();
  await configurePodNetwork(layout);
}

/** Removes links, tables and rules, and gives the kernel's forwarding its earlier value back. */
export async function tearDownNetwork(): Promise<void> {
  const links = [bridge, ...(await podLinks())];
  await Promise.all(links.map((link) => runCommand('ip', ['link', 'delete', link]).catch(ignoreAbsence)));
  await removeTables();
  await closeFirewall();
  const before = await readFile(forwardingBefore, 'utf8').catch(() => undefined);
  if (before !== undefined) await writeFile(forwarding, before);
  await rm(forwardingBefore, { force: true });
  await removePodNetworkCache();
}

/** A pod's link goes by itself when the last process of its network namespace has ended. */
function ignoreAbsence(error: Error): void {
  if (!error.message.includes('Cannot find device')) throw error;
}

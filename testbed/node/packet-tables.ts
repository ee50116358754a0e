import { runCommand } from '../binaries/run-command.ts';

/** Made by kube-proxy and the CNI plugins, which leave them behind. */
const ourTables = [
  'ip kube-proxy',
  'ip6 kube-proxy',
  'inet cni_plugins_masquerade',
  'ip cni_hostport',
  'ip6 cni_hostport',
];
/** CNI's clean-up asks iptables, too, which makes these and leaves them empty. */
const sharedTables = ['ip nat', 'ip6 nat'];

/** Names of the machine's nftables tables, with their family: `ip filter`. */
export async function packetTables(): Promise<string[]> {
  const listed = await runCommand('nft', ['list', 'tables']);
  return [...listed.matchAll(/^table (.+)$/gm)].flatMap(([, name]) => name ?? []);
}

/** Deletes the tables of our node, and those of others' only if there is nothing in them. */
export async function removeTables(): Promise<void> {
  for (const table of await packetTables()) {
    const ours = ourTables.includes(table) || (sharedTables.includes(table) && (await isEmpty(table)));
    if (ours) await runCommand('nft', ['delete', 'table', ...table.split(' ')]);
  }
}

async function isEmpty(table: string): Promise<boolean> {
  const content = await runCommand('nft', ['list', 'table', ...table.split(' ')]);
  return /\{\s*\}\s*$/.test(content);
}

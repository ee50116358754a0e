/** A network that pods reach and this machine does not: where a cloud keeps its managed databases. */
import { runCommand } from '../../testbed/binaries/run-command.ts';
import type { Place } from '../support/servers/example-processes.ts';

const name = 'orion-managed';
const link = 'orion-managed0';
const gateway = '10.252.0.1';
const address = '10.252.0.2';

/** Nobody has this address, and packets for it are dropped in silence. */
export const nowhere = '10.252.0.6';

export interface PrivateNetwork extends Place, AsyncDisposable {}

/**
 * A network namespace behind a link of its own. What pods send there is forwarded; what this machine itself sends is dropped, as a
 * runner's packets to a private subnet are.
 */
export async function startPrivateNetwork(): Promise<PrivateNetwork> {
  await takeDown();
  const inside = (...words: string[]) => runCommand('ip', ['netns', 'exec', name, ...words]);
  await runCommand('ip', ['netns', 'add', name]);
  await runCommand('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
  await runCommand('ip', ['address', 'add', `${gateway}/29`, 'dev', link]);
  await runCommand('ip', ['link', 'set', link, 'up']);
  await inside('ip', 'address', 'add', `${address}/29`, 'dev', 'eth0');
  await inside('ip', 'link', 'set', 'eth0', 'up');
  await inside('ip', 'link', 'set', 'lo', 'up');
  await inside('ip', 'route', 'add', 'default', 'via', gateway);
  await runCommand('nft', ['add', 'table', 'ip', name]);
  const output = '{ type filter hook output priority 0; policy accept; }';
  await runCommand('nft', ['add', 'chain', 'ip', name, 'output', output]);
  await runCommand('nft', ['add', 'rule', 'ip', name, 'output', 'ip', 'daddr', address, 'drop']);
  const forward = '{ type filter hook forward priority 0; policy accept; }';
  await runCommand('nft', ['add', 'chain', 'ip', name, 'forward', forward]);
  for (const chain of ['output', 'forward']) {
    await runCommand('nft', ['add', 'rule', 'ip', name, chain, 'ip', 'daddr', nowhere, 'drop']);
  }
  return {
    address,
    enter: ['ip', 'netns', 'exec', name],
    [Symbol.asyncDispose]: takeDown,
  };
}

/** Also what a run that was killed has left. */
async function takeDown(): Promise<void> {
  await runCommand('nft', ['delete', 'table', 'ip', name]).catch(() => undefined);
  await runCommand('ip', ['link', 'delete', link]).catch(() => undefined);
  await runCommand('ip', ['netns', 'delete', name]).catch(() => undefined);
}

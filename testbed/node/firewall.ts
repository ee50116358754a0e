import { runCommand } from '../binaries/run-command.ts';
import { packetTables } from './packet-tables.ts';
import { podRange } from './pod-network.ts';

const comment = '"orion-testbed"';
const table = ['ip', 'filter'];
const rules = [
  { chain: 'FORWARD', match: ['ip', 'saddr', podRange] },
  { chain: 'FORWARD', match: ['ip', 'daddr', podRange] },
  { chain: 'INPUT', match: ['ip', 'saddr', podRange] },
];

/**
 * Lets packets of pods through chains that drop what nobody wants, as Docker (forward) and ufw (both) set them up: accepting
 * them in a table of our own would not help, since every table has to.
 */
export async function openFirewall(): Promise<void> {
  if (!(await packetTables()).includes(table.join(' '))) return;
  for (const { chain, match } of rules) {
    if (!(await rulesOf(chain)).includes('policy drop;')) continue;
    await runCommand('nft', ['insert', 'rule', ...table, chain, ...match, 'accept', 'comment', comment]);
  }
}

/** Takes back what openFirewall added. */
export async function closeFirewall(): Promise<void> {
  if (!(await packetTables()).includes(table.join(' '))) return;
  for (const chain of new Set(rules.map((rule) => rule.chain))) {
    const ours = (await rulesOf(chain)).split('\n').filter((line) => line.includes(`comment ${comment}`));
    for (const line of ours) {
      const handle = line.split(' # handle ')[1] ?? '';
      await runCommand('nft', ['delete', 'rule', ...table, chain, 'handle', handle]);
    }
  }
}

/** The chain with its policy and its rules, each with its handle; empty if there is no such chain. */
function rulesOf(chain: string): Promise<string> {
  return runCommand('nft', ['--handle', 'list', 'chain', ...table, chain]).catch(() => '');
}

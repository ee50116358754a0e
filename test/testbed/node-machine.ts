import { readdir, readFile } from 'node:fs/promises';
import { runCommand } from '../../testbed/binaries/run-command.ts';

/** What a node could leave on a machine, one line each. */
export async function machineTraces(stateDirectory: string): Promise<Set<string>> {
  const traces = await Promise.all([
    processTraces(stateDirectory),
    lines('mount', await mountPoints()),
    lines('link', await links()),
    lines('table', (await runCommand('nft', ['list', 'tables'])).split('\n')),
    lines('route', (await runCommand('ip', ['route', 'show', 'table', 'all'])).split('\n')),
    lines('forwarding', [await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8')]),
    ...['/run', '/run/netns', '/var/lib', '/var/log'].map((folder) => entries(folder)),
    ...(await entries('/sys/fs/cgroup')).map((line) => entries(line.slice('entry '.length))),
  ]);
  return new Set(traces.flat());
}

/** Processes by the mark that the testbed gives them, and those in the cgroups of pods; zombies are none. */
async function processTraces(stateDirectory: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(ids.map((id) => isOurs(id, stateDirectory)));
  return ids.filter((_, index) => found[index]).map((id) => `process ${id}`);
}

async function isOurs(id: string, stateDirectory: string): Promise<boolean> {
  const [environment, groups, command] = await Promise.all(
    ['environ', 'cgroup', 'cmdline'].map((file) => readFile(`/proc/${id}/${file}`, 'utf8').catch(() => '')),
  );
  if (!command) return false;
  return Boolean(environment?.includes(`=${stateDirectory}\0`) || groups?.includes('/orion-testbed'));
}

async function mountPoints(): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  return table.split('\n').map((line) => line.split(' ')[4] ?? '');
}

async function links(): Promise<string[]> {
  const shown: { ifname: string }[] = JSON.parse(await runCommand('ip', ['-json', 'link', 'show']));
  return shown.map(({ ifname }) => ifname);
}

async function entries(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => `entry ${folder}/${name}`);
}

function lines(kind: string, values: readonly string[]): string[] {
  return values.map((value) => `${kind} ${value.trim()}`);
}

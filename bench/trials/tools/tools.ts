/** All tools by name, in the order of the table. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureBinaries } from '../../../testbed/binaries/ensure-binaries.ts';
import { tools as binaries } from '../../../testbed/binaries/tools.ts';
import { helmTool } from './helm.ts';
import { kappTool } from './kapp.ts';
import { kubedogTool } from './kubedog.ts';
import { orionTool } from './orion.ts';
import { kubectlTool } from './rollout-status.ts';
import type { DeployTool } from './tool.ts';

export const toolNames = ['orion', 'kubectl', 'helm', 'kubedog', 'kapp'] as const;
export type ToolName = (typeof toolNames)[number];

const root = join(import.meta.dirname, '../../..');
/** What every scenario runs under. */
const rollback = 'automatic';

/** Builds what is not in the cache yet. */
export function makeTool(name: ToolName, bundle: string, log: (line: string) => void): Promise<DeployTool> {
  const make: Readonly<Record<ToolName, () => Promise<DeployTool>>> = {
    orion: async () => orionTool(bundle, await ownVersion(), rollback),
    kubectl: async () => kubectlTool(await kubectlVersion()),
    helm: async () => helmTool((await ensureBinaries(['helm'], log)).helm, binaries.helm.version),
    kubedog: async () =>
      kubedogTool((await ensureBinaries(['kubedog'], log)).kubedog, binaries.kubedog.version),
    kapp: async () => kappTool((await ensureBinaries(['kapp'], log)).kapp, binaries.kapp.version),
  };
  return make[name]();
}

async function ownVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const { stdout } = await promisify(execFile)('git', ['rev-parse', '--short', 'HEAD'], { cwd: root });
  return `${version} (${stdout.trim()})`;
}

async function kubectlVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)('kubectl', ['version', '--client', '--output=json']);
  const said = JSON.parse(stdout) as { clientVersion: { gitVersion: string } };
  return said.clientVersion.gitVersion;
}

/** `kapp deploy` with its defaults. */
import { runTool } from '../tool-process.ts';
import type { DeployTool } from './tool.ts';

export function kappTool(binary: string, version: string): DeployTool {
  return {
    name: 'kapp',
    version,
    command: '`kapp deploy -a shop -f - --yes`',
    rollsBack: false,
    settle: () => 0,
    async deploy({ workspace, kubeconfig, deadline, stopped, env }) {
      const { text } = await workspace.render();
      const parameters = ['deploy', '-a', 'shop', '-f', '-', '--yes', '-n', workspace.namespace];
      return runTool(
        { command: binary, parameters: [...parameters, '--kubeconfig', kubeconfig], env, input: text },
        deadline,
        stopped,
      );
    },
  };
}

/** `kubectl apply -k`, then `kubectl rollout status` of each workload, as the documentation of both says. */
import { join } from 'node:path';
import { now } from '../../scale/watched-process.ts';
import { runTool } from '../tool-process.ts';
import { type Deployment, type DeployTool, inSequence } from './tool.ts';

const tracked = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);

export function kubectlTool(version: string): DeployTool {
  return {
    name: 'kubectl',
    version,
    command: '`kubectl apply -k` and `kubectl rollout status` of each workload (`kubectl wait` for Jobs)',
    rollsBack: false,
    settle: () => 0,
    async deploy(deployment) {
      const { workspace, kubeconfig, deadline, stopped, env } = deployment;
      const startedAt = now();
      const run = (...parameters: readonly string[]) =>
        runTool(
          { command: 'kubectl', parameters: ['--kubeconfig', kubeconfig, ...parameters], env },
          deadline,
          stopped,
        );
      const { objects } = await workspace.render();
      const waits = objects.flatMap(({ kind = '', metadata: { name } }) => {
        if (tracked.has(kind)) return [['rollout', 'status', `${kind.toLowerCase()}/${name}`]];
        return kind === 'Job' ? [['wait', '--for=condition=complete', '--timeout=10m', `job/${name}`]] : [];
      });
      return inSequence(
        [
          () => run('apply', '-k', join(workspace.folder, workspace.overlay)),
          ...waits.map((wait) => () => run('-n', workspace.namespace, ...wait)),
        ],
        startedAt,
      );
    },
  };
}

/** What the tools that only watch have done before: `kubectl apply` of the rendered overlay. */
export function applyRendered(deployment: Deployment, text: string) {
  const { kubeconfig, deadline, stopped, env } = deployment;
  const parameters = ['--kubeconfig', kubeconfig, 'apply', '-f', '-'];
  return runTool({ command: 'kubectl', parameters, env, input: text }, deadline, stopped);
}

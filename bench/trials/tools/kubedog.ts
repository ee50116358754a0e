/** `kubectl apply`, then one `kubedog multitrack` of all workloads that it knows. */
import { now } from '../../scale/watched-process.ts';
import { runTool } from '../tool-process.ts';
import { applyRendered } from './rollout-status.ts';
import { type DeployTool, inSequence } from './tool.ts';

const lists: Readonly<Record<string, string>> = {
  Deployment: 'Deployments',
  StatefulSet: 'StatefulSets',
  DaemonSet: 'DaemonSets',
  Job: 'Jobs',
};

export function kubedogTool(binary: string, version: string): DeployTool {
  return {
    name: 'kubedog',
    version,
    command:
      '`kubectl apply`, then `kubedog multitrack` of all Deployments, StatefulSets, DaemonSets and Jobs',
    rollsBack: false,
    settle: () => 0,
    async deploy(deployment) {
      const { workspace, kubeconfig, deadline, stopped, env } = deployment;
      const startedAt = now();
      const { text, objects } = await workspace.render();
      const specification: Record<string, object[]> = {};
      for (const { kind = '', metadata } of objects) {
        const list = lists[kind];
        if (list === undefined) continue;
        specification[list] ??= [];
        specification[list].push({ ResourceName: metadata.name, Namespace: workspace.namespace });
      }
      const parameters = ['multitrack', '--kube-config', kubeconfig, '-n', workspace.namespace];
      const input = JSON.stringify(specification);
      return inSequence(
        [
          () => applyRendered(deployment, text),
          ...(Object.keys(specification).length > 0
            ? [() => runTool({ command: binary, parameters, env, input }, deadline, stopped)]
            : []),
        ],
        startedAt,
      );
    },
  };
}

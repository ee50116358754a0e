/** `helm upgrade --install --wait=watcher --rollback-on-failure` of a chart whose templates are the rendered overlay. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { runTool } from '../tool-process.ts';
import type { DeployTool } from './tool.ts';

/** Its default is 5 minutes; so its verdict can fall within the cap of the bench. */
const timeout = '100s';

export function helmTool(binary: string, version: string): DeployTool {
  return {
    name: 'helm',
    version,
    command: `\`helm upgrade --install --wait=watcher --rollback-on-failure --timeout ${timeout}\` of a chart with the rendered objects`,
    rollsBack: true,
    settle: () => 0,
    async deploy({ workspace, kubeconfig, deadline, stopped, env }) {
      const { text } = await workspace.render();
      const chart = join(workspace.folder, 'chart');
      await mkdir(join(chart, 'templates'), { recursive: true });
      await writeFile(
        join(chart, 'Chart.yaml'),
        stringify({ apiVersion: 'v2', name: 'shop', version: '1.0.0' }),
      );
      await writeFile(join(chart, 'templates', 'all.yaml'), text.replaceAll('{{', '{{ "{{" }}'));
      const parameters = ['upgrade', '--install', 'shop', chart, '-n', workspace.namespace];
      const waiting = ['--wait=watcher', '--rollback-on-failure', '--timeout', timeout];
      return runTool(
        { command: binary, parameters: [...parameters, ...waiting, '--kubeconfig', kubeconfig], env },
        deadline,
        stopped,
      );
    },
    // What it prints before it rolls back.
    verdictLine: (lines) => lines.find(({ text }) => /(upgrade|install|release).* failed/i.test(text)),
  };
}

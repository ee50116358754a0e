/** The rival: `kubectl apply --server-side -k` and one `kubectl rollout status`, as a person would run them. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type BenchOverlay, selector } from './overlay.ts';
import { type Ended, runToEnd } from './watched-process.ts';

export interface KubectlRun {
  /** Milliseconds of the whole process: it renders, and applies. */
  readonly apply: number;
  /** Milliseconds of `rollout status` until it says that all are done. */
  readonly rolloutStatus: number;
  readonly peakMemory: number;
}

export interface Kubectl {
  readonly version: string;
  deploy(overlay: BenchOverlay): Promise<KubectlRun>;
  /** Milliseconds of `kubectl kustomize`. */
  render(overlay: BenchOverlay): Promise<number>;
  run(...parameters: readonly string[]): Promise<void>;
}

/** `home` holds kubectl's discovery cache: filled before the first round, as on a machine that is used. */
export async function prepareKubectl(kubeconfig: string, home: string): Promise<Kubectl> {
  const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: kubeconfig };
  const said = await promisify(execFile)('kubectl', ['version', '--client', '--output=json'], { env });
  const { clientVersion } = JSON.parse(said.stdout) as { clientVersion: { gitVersion: string } };
  const run = async (...parameters: readonly string[]): Promise<Ended> => {
    const ended = await runToEnd('kubectl', parameters, env);
    if (ended.code !== 0) throw new Error(`kubectl ${parameters.join(' ')} ended with ${ended.code}`);
    return ended;
  };
  await run('api-resources', '--no-headers');
  return {
    version: clientVersion.gitVersion,
    deploy: async ({ folder, namespace }) => {
      const apply = await run('apply', '--server-side', '-k', folder);
      const status = await run('rollout', 'status', 'deployment', '-l', selector, '-n', namespace);
      return {
        apply: apply.endedAt - apply.startedAt,
        rolloutStatus: status.endedAt - status.startedAt,
        peakMemory: Math.max(apply.peakMemory, status.peakMemory),
      };
    },
    render: async ({ folder }) => {
      const ended = await run('kustomize', folder);
      return ended.endedAt - ended.startedAt;
    },
    run: async (...parameters) => {
      await run(...parameters);
    },
  };
}

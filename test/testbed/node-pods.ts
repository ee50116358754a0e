import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Exec, KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { writeImageArchive } from '../../testbed/images/archive.ts';
import { baseEntries } from '../../testbed/images/base.ts';
import { closureOf } from '../../testbed/images/closure.ts';
import type { LayerEntry } from '../../testbed/images/layer.ts';
import { connectTo } from '../../testbed/node/kubernetes-api.ts';
import { waitFor } from '../../testbed/node/wait.ts';

/** An image with the node that runs this test: its program is given by arguments. */
export const nodeImage = 'orion.test/node:1';

const podSchema = z.object({
  status: z.object({
    phase: z.string(),
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
    containerStatuses: z
      .array(
        z.object({ state: z.object({ waiting: z.object({ message: z.string().default('') }).optional() }) }),
      )
      .default([]),
  }),
});

export type Pod = z.infer<typeof podSchema>;

/** What the restricted Pod Security Standard demands. */
const restricted = {
  runAsNonRoot: true,
  runAsUser: 65532,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

/** Answers every path with its own name and logs the path. */
const program = `
require('node:http').createServer((request, response) => {
  console.log('asked for ' + request.url);
  response.end(process.env.HOSTNAME);
}).listen(8080);`;

export async function writeNodeImage(archive: string, extra: readonly LayerEntry[] = []): Promise<void> {
  const layers = [[...baseEntries, ...(await closureOf(process.execPath, '/bin/node'))], extra];
  await writeImageArchive({ reference: nodeImage, entrypoint: ['/bin/node'], layers }, archive);
}

/** A few calls of the API server as administrator, in the namespace `default`. */
export class PodClient {
  readonly #kubeconfig: string;

  constructor(kubeconfig: string) {
    this.#kubeconfig = kubeconfig;
  }

  async request(method: 'GET' | 'POST' | 'DELETE', path: string, value?: object): Promise<string> {
    await using api = await connectTo(this.#kubeconfig);
    const body = await api.request(method, path, value && { type: 'application/json', value });
    return await body.text();
  }

  async createPod(name: string, image = nodeImage): Promise<void> {
    const containers = [{ name: 'main', image, args: ['-e', program], securityContext: restricted }];
    const spec = { containers, terminationGracePeriodSeconds: 0 };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { pod: name } }, spec };
    await this.request('POST', '/api/v1/namespaces/default/pods', pod);
  }

  /** Waits for a pod to be as `is` says, and returns it. */
  async pod(name: string, what: string, is: (pod: Pod) => boolean): Promise<Pod> {
    let pod: Pod | undefined;
    await waitFor(`pod ${name} to ${what}`, async () => {
      pod = podSchema.parse(JSON.parse(await this.request('GET', `/api/v1/namespaces/default/pods/${name}`)));
      return is(pod);
    });
    if (pod === undefined) throw new Error('unreachable: waited for');
    return pod;
  }

  ready(name: string): Promise<Pod> {
    const isReady = ({ status }: Pod) =>
      status.conditions.some((it) => it.type === 'Ready' && it.status === 'True');
    return this.pod(name, 'be ready', isReady);
  }

  /** Makes a Service on port 80 before a pod of `createPod`. */
  async createService(name: string, pod: string, type: 'ClusterIP' | 'LoadBalancer'): Promise<void> {
    const spec = { type, selector: { pod }, ports: [{ port: 80, targetPort: 8080 }] };
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec };
    await this.request('POST', '/api/v1/namespaces/default/services', service);
  }

  /** Runs a command in a pod and returns its output. */
  async exec(pod: string, command: string[]): Promise<string> {
    const kubeconfig = new KubeConfig();
    kubeconfig.loadFromFile(this.#kubeconfig);
    const output = new PassThrough();
    await new Exec(kubeconfig).exec('default', pod, 'main', command, output, output, null, false, () =>
      output.end(),
    );
    return await text(output);
  }
}

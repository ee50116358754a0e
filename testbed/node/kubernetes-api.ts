import { readFile } from 'node:fs/promises';
import { Agent, type Dispatcher } from 'undici';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ObjectAtPath } from './cluster-objects.ts';
import { waitFor } from './wait.ts';

const base64 = z.string().transform((text) => Buffer.from(text, 'base64'));

/** The shape of the kubeconfigs that the testbed's control plane issues: one cluster, one user, everything inline. */
const kubeconfigSchema = z.object({
  clusters: z.tuple([
    z.object({ cluster: z.object({ server: z.url(), 'certificate-authority-data': base64 }) }),
  ]),
  users: z.tuple([
    z.object({ user: z.object({ 'client-certificate-data': base64, 'client-key-data': base64 }) }),
  ]),
});

/** A connection to the testbed's API server, independent of the product's own client so that neither hides the other's faults. */
export interface KubernetesApi extends AsyncDisposable {
  /** @throws Error with method, path, status and the server's message for any answer but 2xx */
  request(
    method: Dispatcher.HttpMethod,
    path: string,
    body?: RequestBody,
  ): Promise<Dispatcher.ResponseData['body']>;
  close(): Promise<void>;
}

export interface RequestBody {
  readonly type: 'application/apply-patch+yaml' | 'application/merge-patch+json' | 'application/json';
  readonly value: object;
}

/** @param kubeconfig path of a kubeconfig issued by the testbed's control plane */
export async function connectTo(kubeconfig: string): Promise<KubernetesApi> {
  const { clusters, users } = kubeconfigSchema.parse(parse(await readFile(kubeconfig, 'utf8')));
  const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
  const { 'client-certificate-data': cert, 'client-key-data': key } = users[0].user;
  // Watches are silent for as long as nothing changes.
  const agent = new Agent({ connect: { ca, cert, key }, bodyTimeout: 0 });
  return {
    async request(method, path, body) {
      const payload = body && { body: JSON.stringify(body.value), headers: { 'content-type': body.type } };
      const answer = await agent.request({ origin: server, path, method, ...payload });
      if (answer.statusCode < 300) return answer.body;
      throw new Error(`${method} ${path}: ${answer.statusCode} ${await answer.body.text()}`);
    },
    close: () => agent.destroy(),
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

/** Applies objects by server-side apply, as field manager `orion-testbed`, and tries again until they are accepted. */
export async function applyObjects(api: KubernetesApi, objects: readonly ObjectAtPath[]): Promise<void> {
  await Promise.all(
    objects.map(({ path, ...value }) =>
      // The API server makes its own namespaces only some time after it has become ready.
      waitFor(`${path} to be accepted`, async () => {
        const place = `${path}?fieldManager=orion-testbed&force=true`;
        const body = await api.request('PATCH', place, { type: 'application/apply-patch+yaml', value });
        await body.dump();
        return true;
      }),
    ),
  );
}

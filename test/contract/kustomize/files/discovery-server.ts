import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const kinds: Readonly<Record<string, readonly (readonly [kind: string, plural: string])[]>> = {
  '/api/v1': [['ConfigMap', 'configmaps']],
  '/apis/apps/v1': [['Deployment', 'deployments']],
  '/apis/example.io/v1': [['Thing', 'things']],
};

/** Just enough of an API server for `kubectl create --dry-run=client`: it says which kinds there are. */
export async function startDiscoveryServer(): Promise<{ readonly url: string; close(): void }> {
  const groups = Object.keys(kinds)
    .filter((path) => path.startsWith('/apis/'))
    .map((path) => {
      const [, , name = '', version = ''] = path.split('/');
      const entry = { groupVersion: `${name}/${version}`, version };
      return { name, versions: [entry], preferredVersion: entry };
    });
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    const resources = kinds[path]?.map(([kind, name]) => ({
      kind,
      name,
      namespaced: true,
      verbs: ['create'],
    }));
    const answers: Readonly<Record<string, object>> = {
      '/api': { kind: 'APIVersions', versions: ['v1'] },
      '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups },
    };
    const body =
      answers[path] ??
      (resources && { kind: 'APIResourceList', groupVersion: path.replace(/^\/apis?\//, ''), resources });
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

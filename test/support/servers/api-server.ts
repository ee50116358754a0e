/** A TLS server that speaks as the API server does, for tests that say what it answers. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, issueCertificate } from '../../../testbed/control-plane/certificates.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string;
  readonly userAgent: string;
}

/** A TLS server on this machine that answers as its handler says; the handler may be changed between requests. */
export interface LocalApiServer {
  handler: Handler;
  /** False: the handler gets `/version` too, which `connect` asks for. */
  answersVersion: boolean;
  /** False: the handler gets `/api` and `/apis` too, which the first question about a kind asks for. */
  answersDiscovery: boolean;
  readonly port: number;
  readonly folder: string;
  /** Requests so far, without those that the server answers by itself. */
  readonly requests: SeenRequest[];
  /** Number of connections opened so far. */
  connections(): number;
  /** A kubeconfig for it. */
  kubeconfig(change?: { user?: unknown; cluster?: Record<string, unknown> }): string;
  close(): Promise<void>;
}

/** By default it speaks HTTP/2 beside HTTP/1.1, as a real API server does. */
export async function startLocalApiServer(protocol: 'h2' | 'http/1.1' = 'h2'): Promise<LocalApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'orion-api-'));
  const files = await makeCertificates(folder);
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  let opened = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/version' && local.answersVersion)
      return json(response, 200, { gitVersion: 'v1.36.0' });
    const served = local.answersDiscovery ? servedGroups[request.url ?? ''] : undefined;
    if (served !== undefined) return json(response, 200, discoveryList(served));
    requests.push({
      method: request.method ?? '',
      url: request.url ?? '',
      authorization: request.headers.authorization ?? '',
      userAgent: request.headers['user-agent'] ?? '',
    });
    await local.handler(request, response);
  };
  // The two kinds of request and response have in common what the handlers use.
  const server =
    protocol === 'h2'
      ? createSecureServer({ ...files.pair, allowHTTP1: true }, answer as never)
      : createServer(files.pair, answer);
  server.on('connection', (socket: Socket) => {
    opened += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const local = {
    answersVersion: true,
    answersDiscovery: true,
    handler: ((_, response) => json(response, 404, status(404, 'NotFound'))) as Handler,
    port,
    folder,
    requests,
    connections: () => opened,
    kubeconfig: (change: { user?: unknown; cluster?: Record<string, unknown> } = {}) =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'local',
        contexts: [{ name: 'local', context: { cluster: 'here', user: 'somebody', namespace: 'shop' } }],
        clusters: [
          {
            name: 'here',
            cluster: {
              server: `https://127.0.0.1:${port}`,
              'certificate-authority-data': files.authority.toString('base64'),
              ...change.cluster,
            },
          },
        ],
        users: [{ name: 'somebody', user: change.user ?? { token: 'a-token' } }],
      }),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
  return local;
}

async function makeCertificates(folder: string) {
  const authority = { certificate: join(folder, 'ca.pem'), key: join(folder, 'ca.key') };
  const own = { certificate: join(folder, 'server.pem'), key: join(folder, 'server.key') };
  await createAuthority(authority, new Date());
  const hosts = ['127.0.0.1', 'orion.test'];
  await issueCertificate(authority, { commonName: 'local', hosts }, own, new Date());
  return {
    authority: await readFile(authority.certificate),
    pair: { cert: await readFile(own.certificate), key: await readFile(own.key) },
  };
}

/** What the server serves unless a test says otherwise, by the path that lists it: group, version and `Kind plural`. */
const servedGroups: Readonly<Record<string, readonly AggregatedGroup[]>> = {
  '/api': [aggregatedGroup('', 'v1', 'Pod pods', 'ConfigMap configmaps', 'Secret secrets', 'Event events')],
  '/apis': [aggregatedGroup('apps', 'v1', 'Deployment deployments', 'ReplicaSet replicasets')],
};

/** A group as aggregated discovery has it, with namespaced kinds: `Pod pods`. */
export interface AggregatedGroup {
  readonly metadata: { readonly name: string };
  readonly versions: readonly unknown[];
}

export function aggregatedGroup(name: string, version: string, ...kinds: readonly string[]): AggregatedGroup {
  const resources = kinds.map((line) => {
    const [kind, resource] = line.split(' ');
    const responseKind = { group: name, version, kind };
    return { resource, responseKind, scope: 'Namespaced', verbs: ['get', 'list', 'watch'] };
  });
  return { metadata: { name }, versions: [{ version, resources, freshness: 'Current' }] };
}

export function discoveryList(items: readonly AggregatedGroup[]): unknown {
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

export function json(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function status(code: number, reason: string, message = reason): unknown {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
}

/** A credential plugin for a kubeconfig: a shell script that prints `tokens[n]` when it runs for the nth time. */
export async function tokenPlugin(folder: string, tokens: readonly string[]): Promise<unknown> {
  const script = join(folder, 'plugin.sh');
  const credential =
    '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}';
  const cases = tokens.map((token, index) => `${index}) token=${token};;`).join(' ');
  const lines = [
    '#!/bin/sh',
    `count=$(cat '${folder}/runs' 2>/dev/null || echo 0)`,
    `echo $((count + 1)) > '${folder}/runs'`,
    `case $count in ${cases} esac`,
    `printf '${credential}' "$token"`,
  ];
  await writeFile(script, `${lines.join('\n')}\n`, { mode: 0o755 });
  return {
    exec: { apiVersion: 'client.authentication.k8s.io/v1', command: script, interactiveMode: 'Never' },
  };
}

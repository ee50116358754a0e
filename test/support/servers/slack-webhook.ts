/** A local server that answers as Slack's incoming webhooks do: `ok`, or a status with a word. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface WebhookAnswer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `broken` closes the connection, `silent` never answers. */
export type WebhookRoute = WebhookAnswer | 'broken' | 'silent';

export interface WebhookServer extends AsyncDisposable {
  /** With the path of a webhook of Slack, whose last part is the secret. */
  readonly url: string;
  readonly received: readonly {
    readonly type: string | undefined;
    readonly message: { readonly text: string; readonly blocks?: readonly unknown[] };
  }[];
  /** One after the other, the last one for ever; without any, `ok`. */
  answer(...routes: readonly WebhookRoute[]): void;
}

export const token = 'Kx7Tq0ZpW3mVbN5rYc8LdH2s';

export async function startWebhook(): Promise<WebhookServer> {
  let routes: WebhookRoute[] = [{ status: 200, body: 'ok' }];
  const received: WebhookServer['received'][number][] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const message = JSON.parse(
        Buffer.concat(chunks).toString('utf8'),
      ) as WebhookServer['received'][number]['message'];
      received.push({ type: request.headers['content-type'], message });
      const route = (routes.length > 1 ? routes.shift() : routes[0]) ?? 'silent';
      if (route === 'silent') return;
      if (route === 'broken') {
        request.socket.destroy();
        return;
      }
      response.writeHead(route.status, { 'content-type': 'text/html', ...route.headers });
      response.end(route.body ?? '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/services/T0ORION/B0DEPLOY/${token}`,
    received,
    answer: (...given) => {
      routes = [...given];
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

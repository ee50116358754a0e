/**
 * Forwards a local port to a port of one pod through the API server: needs only the permission for pods/portforward.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { WebSocket } from 'undici';
import type { Transport } from '../transport/transport.ts';

interface ForwardTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
  /** Closes all of it. */
  readonly signal: AbortSignal;
}

interface PortForward {
  readonly host: string;
  readonly port: number;
  /**
   * The node's last error about a connection that it could not open, untrusted text: `… connect: connection refused`.
   */
  lastError(): string | undefined;
  /** Resolves when everything is closed. */
  close(): Promise<void>;
}

/**
 * Remote command and port-forward share the channel numbering; source:
 * k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go.
 */
const protocol = 'v4.channel.k8s.io';
const dataChannel = 0;
const errorChannel = 1;
const handshakeDeadline = 10_000;

/**
 * A listener on this machine whose connections end at `port` inside the pod, at its loopback address as kubectl's do.
 * Each has its own WebSocket. The first is opened at once, so that a missing permission or pod is detected here. The
 * protocol has no half-close: closing one side closes both.
 *
 * @throws ApiError when the API server refuses
 * @throws Fault `cluster-unreachable` or `unauthorized`
 */
export async function openPortForward(transport: Transport, target: ForwardTarget): Promise<PortForward> {
  const ended = new AbortController();
  const signal = AbortSignal.any([target.signal, ended.signal]);
  const dial = () => openTunnel(transport, target, signal);
  let waiting: Tunnel | undefined = await dial();
  let lastError: string | undefined;
  const open = new Set<Socket>();

  const server = createServer({ noDelay: true }, async (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // A client that has disconnected is not an error.
    socket.on('error', () => socket.destroy());
    const ready = waiting;
    waiting = undefined;
    try {
      const tunnel = ready ?? (await dial());
      const why = await tunnel.join(socket);
      lastError = why ?? lastError;
    } catch (error) {
      lastError = error instanceof Error ? error.message : String(error);
      socket.resetAndDestroy();
    }
  });
  const closed = once(server, 'close');
  const close = async (): Promise<void> => {
    target.signal.removeEventListener('abort', close);
    ended.abort();
    waiting?.close();
    for (const socket of open) socket.destroy();
    server.close();
    await closed;
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  target.signal.addEventListener('abort', close, { once: true });
  if (target.signal.aborted) await close();
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port, lastError: () => lastError, close };
}

interface Tunnel {
  /** Forwards the connection until one side closes; resolves to the node's error message. */
  join(socket: Socket): Promise<string | undefined>;
  close(): void;
}

async function openTunnel(
  transport: Transport,
  { namespace, pod, port }: ForwardTarget,
  signal: AbortSignal,
): Promise<Tunnel> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/portforward`;
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(handshakeDeadline)]);
  const webSocket = await transport.webSocket({ path, query: { ports: port }, protocol, signal: deadline });
  return tunnelOver(webSocket);
}

/** Buffers data that arrives before a connection is attached: servers such as MySQL speak first. */
function tunnelOver(webSocket: WebSocket): Tunnel {
  const early: Buffer[] = [];
  let errors = '';
  let deliver = (data: Buffer): void => {
    early.push(data);
  };
  const begun = new Set<number>();
  webSocket.addEventListener('message', ({ data }) => {
    const message = Buffer.from(data as ArrayBuffer);
    const channel = message[0];
    const content = message.subarray(1);
    if (channel === undefined) return;
    // The first message of each channel repeats the port, two bytes.
    if (!begun.has(channel)) {
      begun.add(channel);
      return;
    }
    if (channel === dataChannel) deliver(content);
    if (channel === errorChannel) {
      errors += content.toString('utf8');
      webSocket.close();
    }
  });
  const over = new Promise<void>((resolve) => {
    webSocket.addEventListener('close', () => resolve(), { once: true });
  });

  return {
    async join(socket) {
      deliver = (data) => {
        if (!socket.destroyed) socket.write(data);
      };
      for (const data of early.splice(0)) deliver(data);
      const prefix = Buffer.from([dataChannel]);
      socket.on('data', (data: Buffer) => {
        if (webSocket.readyState === webSocket.OPEN) webSocket.send(Buffer.concat([prefix, data]));
      });
      socket.once('end', () => webSocket.close());
      socket.once('close', () => webSocket.close());
      if (socket.destroyed) webSocket.close();
      await over;
      if (errors === '') socket.end();
      else socket.resetAndDestroy();
      return errors === '' ? undefined : errors;
    },
    close: () => webSocket.close(),
  };
}

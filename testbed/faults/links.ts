/** The TCP half of the fault proxy: connections that can be reset, stalled and slowed down. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** One client's connection and the one behind it. */
export interface Link {
  /** Ends the client's side by RST. */
  reset(): void;
  /** Forwards nothing until `resume`: neither bytes nor ends. */
  stall(): void;
  resume(): void;
  slowDown(bytesPerSecond: number): void;
}

export interface LinkListener {
  readonly port: number;
  readonly links: ReadonlySet<Link>;
  /** The link whose far end is seen with this port by whoever is behind the proxy. */
  linkOf(port: number | undefined): Link | undefined;
  /** What happens to new connections from now on. */
  onConnect(treat: ((link: Link) => void) | undefined): void;
  stop(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and forwards every connection to `target`. */
export async function listenForLinks(target: { host: string; port: number }): Promise<LinkListener> {
  const links = new Set<Link>();
  const byPort = new Map<number, Link>();
  const sockets = new Set<Socket>();
  let treat: ((link: Link) => void) | undefined;

  // Without allowHalfOpen Node would answer a FIN by itself, also on a stalled link.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, async (client) => {
    const upstream = connect({ ...target, allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    }
    const link = createLink(client, upstream);
    links.add(link.link);
    client.once('close', () => links.delete(link.link));
    treat?.(link.link);
    try {
      await once(upstream, 'connect');
    } catch {
      // What a client sees of a server that is down.
      client.resetAndDestroy();
      return;
    }
    const port = upstream.localPort ?? 0;
    byPort.set(port, link.link);
    upstream.once('close', () => byPort.delete(port));
    link.start();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();

  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    links,
    linkOf: (port) => (port === undefined ? undefined : byPort.get(port)),
    onConnect(next) {
      treat = next;
    },
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close').catch(() => undefined);
    },
  };
}

function createLink(client: Socket, upstream: Socket): { link: Link; start(): void } {
  let held: PromiseWithResolvers<void> | undefined;
  let speed: number | undefined;

  /** Nothing may pass while the link is held, also not what was read before. */
  const passage = async () => {
    while (held !== undefined) await held.promise;
  };

  const pump = async (from: Socket, to: Socket) => {
    try {
      for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        for (const piece of speed === undefined ? [chunk] : piecesOf(chunk, speed)) {
          if (speed !== undefined) await delay((piece.length / speed) * 1000);
          await passage();
          if (!to.writable) return;
          if (!to.write(piece)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
        }
      }
      await passage();
      to.end();
    } catch {
      await passage();
      // A connection that broke breaks on the other side as well.
      if (!to.destroyed) to.resetAndDestroy();
    }
  };

  return {
    link: {
      reset() {
        held?.resolve();
        held = undefined;
        if (!client.destroyed) client.resetAndDestroy();
        upstream.destroy();
      },
      stall() {
        held ??= Promise.withResolvers();
      },
      resume() {
        const waiting = held;
        held = undefined;
        speed = undefined;
        waiting?.resolve();
      },
      slowDown(bytesPerSecond) {
        speed = bytesPerSecond;
      },
    },
    start() {
      for (const socket of [client, upstream]) socket.setNoDelay(true);
      // Neither rejects.
      void pump(client, upstream);
      void pump(upstream, client);
    },
  };
}

/** Ten pieces a second. */
function piecesOf(chunk: Buffer, bytesPerSecond: number): Buffer[] {
  const size = Math.max(1, Math.ceil(bytesPerSecond / 10));
  const pieces: Buffer[] = [];
  for (let start = 0; start < chunk.length; start += size) pieces.push(chunk.subarray(start, start + size));
  return pieces;
}

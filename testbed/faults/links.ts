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

/** Both connections of a link, and what is done to them. */
interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Settles when the link is no longer stalled. */
  held: PromiseWithResolvers<void> | undefined;
  /** Bytes per second; undefined without a limit. */
  speed: number | undefined;
}

function createLink(client: Socket, upstream: Socket): { link: Link; start(): void } {
  const pair: Pair = { client, upstream, held: undefined, speed: undefined };
  return {
    link: {
      reset: () => reset(pair),
      stall() {
        pair.held ??= Promise.withResolvers();
      },
      resume: () => resume(pair),
      slowDown(bytesPerSecond) {
        pair.speed = bytesPerSecond;
      },
    },
    start: () => start(pair),
  };
}

function start(pair: Pair): void {
  const { client, upstream } = pair;
  for (const socket of [client, upstream]) socket.setNoDelay(true);
  // Neither rejects.
  void pump(pair, client, upstream);
  void pump(pair, upstream, client);
}

function reset(pair: Pair): void {
  pair.held?.resolve();
  pair.held = undefined;
  if (!pair.client.destroyed) pair.client.resetAndDestroy();
  pair.upstream.destroy();
}

function resume(pair: Pair): void {
  const waiting = pair.held;
  pair.held = undefined;
  pair.speed = undefined;
  waiting?.resolve();
}

/** Nothing may pass while the link is held, also not what was read before. */
async function passage(pair: Pair): Promise<void> {
  while (pair.held !== undefined) await pair.held.promise;
}

/** Forwards one direction until it ends. */
async function pump(pair: Pair, from: Socket, to: Socket): Promise<void> {
  try {
    for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (!(await forward(pair, chunk, to))) return;
    }
    await passage(pair);
    to.end();
  } catch {
    await passage(pair);
    // A connection that broke breaks on the other side as well.
    if (!to.destroyed) to.resetAndDestroy();
  }
}

/** False when `to` takes nothing any more. */
async function forward(pair: Pair, chunk: Buffer, to: Socket): Promise<boolean> {
  for (const piece of pair.speed === undefined ? [chunk] : piecesOf(chunk, pair.speed)) {
    if (pair.speed !== undefined) await delay((piece.length / pair.speed) * 1000);
    await passage(pair);
    if (!to.writable) return false;
    if (!to.write(piece)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
  }
  return true;
}

/** Ten pieces a second. */
function piecesOf(chunk: Buffer, bytesPerSecond: number): Buffer[] {
  const size = Math.max(1, Math.ceil(bytesPerSecond / 10));
  const pieces: Buffer[] = [];
  for (let start = 0; start < chunk.length; start += size) pieces.push(chunk.subarray(start, start + size));
  return pieces;
}

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below 30000 (node ports) and 32768 (ports that Linux hands out to outgoing connections at any moment).
const firstPort = 20_000;
const lastPort = 29_999;

/** Picks `count` different ports that nobody listens on at this moment, on any address. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(firstPort, lastPort + 1);
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

/** True if nobody listens on the port, on any address. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

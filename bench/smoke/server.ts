/** A process of its own that answers each request after its delay: `node server.ts LOAD SEED`, the port on its first line. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delays, type Load } from './delays.ts';

const [load = '{}', seed = '1'] = process.argv.slice(2);
const { requests, stall } = JSON.parse(load) as Load;
const all = delays(requests, Number(seed));
let asked = 0;
let begun: number | undefined;

const server = createServer((_request, response) => {
  begun ??= performance.now();
  const at = performance.now() - begun;
  const held = stall !== undefined && at >= stall.from && at < stall.to ? stall.to - at : 0;
  setTimeout(() => response.end('ok'), held + (all[asked++ % all.length] ?? 0));
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));

/** The p99 of our schedule beside vegeta's and the true one, at the same rate on the same endpoint. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { latencyReport } from '../../src/domain/smoke/latency/latency.ts';
import { measureHttp } from '../../src/probes/measure.ts';
import { type Load, trueP99 } from './delays.ts';

/** Milliseconds. */
export interface LatencyRound {
  readonly stall: boolean;
  readonly truth: number;
  readonly vegeta: number;
  readonly ours: { readonly value: number; readonly low: number; readonly high: number };
  /** How late we sent at the worst. */
  readonly lag: number;
}

const seconds = 10;
const rate = 100;
const plain: Load = { requests: seconds * rate, rate };
const stalled: Load = { ...plain, stall: { from: 4000, to: 6000 } };

export async function measureBeside(vegeta: string, seed: number, stall: boolean): Promise<LatencyRound> {
  const load = stall ? stalled : plain;
  const theirs = await against(load, seed, (url) => attack(vegeta, url));
  const report = await against(load, seed, (url) => schedule(url));
  const { value, low, high } = report.p99 ?? { value: Number.NaN };
  return {
    stall,
    truth: trueP99(load, seed),
    vegeta: theirs,
    ours: { value, low: low ?? Number.NaN, high: high ?? Number.POSITIVE_INFINITY },
    lag: report.lag ?? 0,
  };
}

/** Each measurement has a server of its own: the same delays in the same order, and the stall at the same request. */
async function against<T>(load: Load, seed: number, measure: (url: URL) => Promise<T>): Promise<T> {
  const server = spawn(
    process.execPath,
    [join(import.meta.dirname, 'server.ts'), JSON.stringify(load), `${seed}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    const [port] = (await once(createInterface({ input: server.stdout }), 'line')) as [string];
    return await measure(new URL(`http://127.0.0.1:${port}/`));
  } finally {
    await ended(server);
  }
}

async function schedule(url: URL) {
  const call = {
    scheme: 'http',
    host: url.hostname,
    port: Number(url.port),
    verify: false,
    method: 'GET',
    path: '/',
  } as const;
  const plan = { ...plain, maxInFlight: 1000, timeout: 30_000 };
  const failureIn = ({ status }: { readonly status?: number }) =>
    status === 200 ? undefined : `status ${status}`;
  const samples = await measureHttp(call, plan, { failureIn, signal: new AbortController().signal });
  return latencyReport(samples, { rate, threshold: 1000 });
}

const vegetaReport = z.object({ latencies: z.object({ '99th': z.number() }), success: z.number() });

async function attack(vegeta: string, url: URL): Promise<number> {
  const results = await output(
    vegeta,
    ['attack', `-rate=${rate}`, `-duration=${seconds}s`],
    `GET ${url.href}\n`,
  );
  const report = vegetaReport.parse(
    JSON.parse((await output(vegeta, ['report', '-type=json'], results)).toString()),
  );
  if (report.success !== 1) throw new Error(`vegeta: only ${report.success} of its requests were answered`);
  return report.latencies['99th'] / 1e6;
}

async function output(
  command: string,
  parameters: readonly string[],
  input: string | Buffer,
): Promise<Buffer> {
  const child = spawn(command, parameters, { stdio: ['pipe', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
  return Buffer.concat(chunks);
}

async function ended(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill();
  await closed;
}

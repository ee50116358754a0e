/** The bare watch beside a deployment. It runs beside kubectl's too, so that both have the same neighbour. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { BenchOverlay } from './overlay.ts';
import { type StampedLine, stampLines } from './watched-process.ts';

export interface Completion {
  /** The Deployment that completed the set. */
  readonly deployment: string;
  /** When the bare watch had said so; milliseconds since the epoch. */
  readonly at: number;
}

/** Resolves once it watches; `completion` when it has seen every Deployment done. */
export async function startBystander(
  kubeconfig: string,
  { namespace, image, workloads }: BenchOverlay,
): Promise<{ readonly completion: Promise<Completion>; stop(): void }> {
  const watching = Promise.withResolvers<StampedLine>();
  const complete = Promise.withResolvers<Completion>();
  const script = join(import.meta.dirname, 'bare-watch.ts');
  const child = spawn(process.execPath, [script, kubeconfig, namespace, image, String(workloads)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = stampLines((line) => {
    const [word, deployment = ''] = line.text.split(' ');
    if (word === 'watching') watching.resolve(line);
    if (word === 'complete') complete.resolve({ deployment, at: line.at });
  });
  child.stdout.setEncoding('utf8').on('data', lines.add);
  child.on('close', (code, signal) => {
    const how = signal ?? `exit code ${code}`;
    const ended = new Error(`The bare watch of ${namespace} ended early (${how}).`);
    watching.reject(ended);
    complete.reject(ended);
  });
  complete.promise.catch(() => undefined);
  await watching.promise;
  return { completion: complete.promise, stop: () => child.kill() };
}

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { Fault } from '../domain/failure/fault.ts';

interface ToolResult {
  /** Exit code; null when the program was ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface ToolOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; default five minutes: kubectl renders 2,000 Deployments in one. */
  readonly deadline?: number | undefined;
}

const defaultDeadline = 300_000;
/** More than any overlay renders to; a runaway program must not exhaust the memory. Bytes. */
const outputLimit = 256 * 1024 * 1024;
/** Address space of the program, bytes: an overlay of 700 bytes can make kustomize take 19 GB. */
const memoryLimit = 8 * 1024 ** 3;
const limiter = '/usr/bin/prlimit';

/**
 * Runs a program without a shell, in a scrubbed environment: PATH, HOME and TMPDIR (no token of the job reaches it), and without the
 * preferences of a `~/.kube/kuberc`, which may change what kubectl's commands do. When `signal` aborts, the program gets SIGINT and the
 * promise rejects with the signal's reason.
 *
 * @throws Fault `render-failed` when it takes longer than the deadline or prints more than 256 MiB
 */
export function runTool(
  path: string,
  parameters: readonly string[],
  options: ToolOptions,
): Promise<ToolResult> {
  const { PATH, HOME, TMPDIR } = options.env;
  const { signal, deadline = defaultDeadline } = options;
  const limited = existsSync(limiter)
    ? [limiter, `--as=${memoryLimit}`, path, ...parameters]
    : [path, ...parameters];
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const [program = path, ...rest] = limited;
    const child = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH, HOME, TMPDIR, KUBERC: 'off' },
      killSignal: 'SIGINT',
      ...(signal === undefined ? {} : { signal }),
    });
    const giveUp = (problem: string) => {
      child.kill('SIGKILL');
      reject(runAway(path, problem));
    };
    const timer = setTimeout(
      () => giveUp(`did not finish within ${Math.round(deadline / 1000)} s`),
      deadline,
    );
    const tooMuch = () => giveUp('printed more than 256 MiB');
    const output = collect(child.stdout, tooMuch);
    const errors = collect(child.stderr, tooMuch);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(signal?.aborted === true ? signal.reason : error);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout: output(), stderr: errors() });
    });
  });
}

function runAway(path: string, problem: string): Fault {
  return new Fault(
    'render-failed',
    `The overlay does not render: ${basename(path)} ${problem}, and was stopped.`,
    'Look for a component or resource that is included again and again, and split an overlay of thousands of objects.',
  );
}

function collect(stream: NodeJS.ReadableStream, tooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= outputLimit) chunks.push(chunk);
    else tooMuch();
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

import { spawn } from 'node:child_process';

export interface ToolResult {
  /** Exit code; null when the program was ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** More than any overlay renders to; a run-away program must not fill the memory. Bytes. */
const outputLimit = 256 * 1024 * 1024;

/**
 * Runs a program without a shell, in a scrubbed environment (PATH, HOME and TMPDIR only: no token of the job reaches it). When
 * `signal` aborts, the program gets SIGINT and the promise rejects with the signal's reason.
 */
export function runTool(
  path: string,
  parameters: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ToolResult> {
  const { PATH, HOME, TMPDIR } = options.env;
  return new Promise((resolve, reject) => {
    options.signal?.throwIfAborted();
    const child = spawn(path, parameters, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH, HOME, TMPDIR },
      killSignal: 'SIGINT',
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const output = collect(child.stdout);
    const errors = collect(child.stderr);
    child.on('error', (error) => reject(options.signal?.aborted === true ? options.signal.reason : error));
    child.on('close', (code) => resolve({ code, stdout: output(), stderr: errors() }));
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= outputLimit) chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

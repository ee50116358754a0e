/** A client of a Service: a call each 100 ms, each over a connection of its own, and every call that failed. */
import { get } from 'node:http';

/** Milliseconds. */
const every = 100;
const patience = 2000;

export interface Calls {
  readonly url: string;
  readonly calls: number;
  /** When after the start, and what went wrong. */
  readonly failed: readonly string[];
}

export interface Client {
  /** Resolves once every call that was begun has ended. */
  stop(): Promise<Calls>;
}

/** Calls until it is stopped. A slow answer holds up no other call. */
export function startClient(url: string): Client {
  const startedAt = performance.now();
  const failed: string[] = [];
  const open = new Set<Promise<void>>();
  let calls = 0;
  const timer = setInterval(() => {
    const at = ((performance.now() - startedAt) / 1000).toFixed(1);
    calls += 1;
    const ended: Promise<void> = call(url)
      .catch((error: unknown) => void failed.push(`+${at} s: ${String(error)}`))
      .then(() => void open.delete(ended));
    open.add(ended);
  }, every);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      return { url, calls, failed };
    },
  };
}

/** Rejects unless a whole answer with a status of 2xx is there in time. */
function call(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(patience);
    const fail = (error: Error): void =>
      reject(signal.aborted ? new Error(`no answer within ${patience} ms`) : error);
    get(url, { agent: false, signal }, (answer) => {
      const { statusCode = 0 } = answer;
      answer
        .resume()
        .on('error', fail)
        .on('end', () => {
          if (statusCode >= 200 && statusCode < 300) resolve();
          else reject(new Error(`answered ${statusCode}`));
        });
    }).on('error', fail);
  });
}

import net from 'node:net';

/**
 * An abstract Unix socket: the kernel lets one process of a network namespace listen on it and frees it when that process
 * ends, however it ends. That is exactly the scope in which two nodes would collide (links, nft tables, addresses).
 */
const lockSocket = '\0orion-testbed-node';

/** Who holds the machine's only place for a real node. */
export interface LockHolder {
  readonly stateDirectory: string;
  readonly processId: number;
}

/** Takes the lock for this process, or returns undefined if another has it. */
export function takeMachineLock(holder: LockHolder): Promise<Disposable | undefined> {
  const server = net.createServer((connection) => {
    connection.on('error', () => connection.destroy());
    connection.end(JSON.stringify(holder));
  });
  const release: Disposable = { [Symbol.dispose]: () => void server.close() };
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen({ path: lockSocket }, () => resolve(release));
  });
}

/** Asks the holder who it is; undefined if nobody holds the lock. */
export function machineLockHolder(): Promise<LockHolder | undefined> {
  return new Promise((resolve, reject) => {
    const connection = net.connect({ path: lockSocket });
    let answer = '';
    connection.setEncoding('utf8');
    connection.on('data', (text: string) => {
      answer += text;
    });
    connection.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET') resolve(undefined);
      else reject(error);
    });
    connection.once('end', () => resolve(parseHolder(answer)));
  });
}

function parseHolder(answer: string): LockHolder | undefined {
  const holder: unknown = JSON.parse(answer || 'null');
  if (typeof holder !== 'object' || holder === null) return undefined;
  if (!('stateDirectory' in holder) || typeof holder.stateDirectory !== 'string') return undefined;
  if (!('processId' in holder) || typeof holder.processId !== 'number') return undefined;
  return { stateDirectory: holder.stateDirectory, processId: holder.processId };
}

import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TestbedError } from '../testbed-error.ts';
import type { Tool } from './tools.ts';

export const kubernetesReleases = 'https://dl.k8s.io';

const reachTimeoutMilliseconds = 2_500;
const downloadTimeoutMilliseconds = 600_000;

/** Thrown when a download is not what its publisher's checksum says. */
export class ChecksumMismatch extends TestbedError {}

// Asked once per run and server: without a network every further attempt would cost the time-out again.
const reachable = new Map<string, Promise<boolean>>();

/**
 * Downloads the official release of `tool` into `output` and checks it against the published SHA-256.
 *
 * Returns false if there is no such release or the server cannot be reached; throws ChecksumMismatch if the file is
 * not what was published.
 */
export async function downloadRelease(
  baseUrl: string,
  name: string,
  tool: Tool,
  output: string,
): Promise<boolean> {
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  if (!tool.officialRelease || process.platform !== 'linux' || !architecture) return false;
  const url = `${baseUrl}/${tool.version}/bin/linux/${architecture}/${name}`;
  if (!(await isReachable(baseUrl))) return false;
  const checksum = await publishedChecksum(`${url}.sha256`);
  if (checksum === undefined) return false;
  const found = await save(url, output);
  if (found === undefined) return false;
  if (found !== checksum) {
    throw new ChecksumMismatch(
      `${url} was refused: its SHA-256 is ${found}, published is ${checksum}. Try again, or build it from source.`,
    );
  }
  return true;
}

function isReachable(baseUrl: string): Promise<boolean> {
  let answer = reachable.get(baseUrl);
  if (!answer) {
    answer = fetch(baseUrl, { method: 'HEAD', signal: AbortSignal.timeout(reachTimeoutMilliseconds) }).then(
      () => true,
      () => false,
    );
    reachable.set(baseUrl, answer);
  }
  return answer;
}

async function publishedChecksum(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(4 * reachTimeoutMilliseconds) });
    if (!response.ok) return undefined;
    return /^[0-9a-f]{64}/.exec((await response.text()).trim())?.[0];
  } catch {
    return undefined;
  }
}

/** Streams `url` into a file and returns its SHA-256, or undefined if the transfer fails. */
async function save(url: string, output: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(downloadTimeoutMilliseconds) });
    if (!response.ok || !response.body) return undefined;
    await pipeline(Readable.fromWeb(response.body), tap, createWriteStream(output));
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}

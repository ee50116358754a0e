/** Response bodies: JSON, text, errors of the server. */
import type { Dispatcher } from 'undici';
import { ApiError } from './api-error.ts';

/** The beginning of a body as text; the rest is not read. */
export async function firstBytes(body: AsyncIterable<Buffer>, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Leaving the loop destroys the stream.
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit).toString('utf8');
}

/** A truncated HTTP/2 stream may look like one that ended. */
export function parseWhole(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw Object.assign(new Error('The response ended too early.', { cause }), { code: 'ECONNRESET' });
  }
}

/** The text itself if it is not JSON, as from a proxy. */
export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The error of a response with status 400 or above. */
export function apiError(answer: Dispatcher.ResponseData, body: unknown): ApiError {
  const retryAfter = answer.headers['retry-after'];
  return new ApiError(answer.statusCode, body, typeof retryAfter === 'string' ? retryAfter : undefined);
}

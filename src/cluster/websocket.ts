import type { Dispatcher, WebSocket } from 'undici';

export interface WebSocketCall {
  /** `https://host:port/path?query` of the API server. */
  readonly url: string;
  readonly protocol: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Ends the handshake, not what is open. */
  readonly signal: AbortSignal;
}

/**
 * A WebSocket by the connections of `dispatcher`, binary messages as ArrayBuffer. A handshake that fails rejects without the
 * status of the answer: the standard's interface hides it.
 */
export async function openWebSocket(dispatcher: Dispatcher, call: WebSocketCall): Promise<WebSocket> {
  const undici = await import(/* webpackMode: "eager" */ 'undici');
  const { url, protocol, headers, signal } = call;
  signal.throwIfAborted();
  const socket = new undici.WebSocket(url.replace(/^http/, 'ws'), {
    protocols: [protocol],
    dispatcher,
    headers: { ...headers },
  });
  socket.binaryType = 'arraybuffer';
  const settled = new AbortController();
  const once = { once: true, signal: settled.signal };
  try {
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve(), once);
      socket.addEventListener('error', (event) => reject(handshakeError(event.error)), once);
      socket.addEventListener('close', () => reject(handshakeError(undefined)), once);
      signal.addEventListener('abort', () => reject(signal.reason), once);
    });
  } catch (error) {
    socket.close();
    throw error;
  } finally {
    settled.abort();
  }
  return socket;
}

function handshakeError(cause: unknown): Error {
  return new Error('The WebSocket was not opened.', { cause });
}

import type { Dispatcher, WebSocket } from 'undici';
import type { Headers } from '../auth/impersonation.ts';

interface WebSocketCall {
  /** `https://host:port/path?query` of the API server. */
  readonly url: string;
  readonly protocol: string;
  readonly headers: Headers;
  /** Aborts the handshake, not an open connection. */
  readonly signal: AbortSignal;
}

/**
 * A WebSocket over the connections of `dispatcher`, binary messages as ArrayBuffer. A failed handshake rejects
 * without the status of the response: the standard interface hides it.
 */
export async function openWebSocket(dispatcher: Dispatcher, call: WebSocketCall): Promise<WebSocket> {
  const undici = await import(/* webpackMode: "eager" */ 'undici');
  const { url, protocol, headers, signal } = call;
  signal.throwIfAborted();
  const socket = new undici.WebSocket(url.replace(/^http/, 'ws'), {
    protocols: [protocol],
    // The standard Headers would join a list into one line.
    dispatcher: dispatcher.compose(sendingLists(headers)),
    headers: Object.fromEntries(Object.entries(headers).filter(isSingle)),
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

function isSingle(header: [string, string | string[]]): header is [string, string] {
  return typeof header[1] === 'string';
}

/** Adds the headers that have a list of values, one line per value. */
function sendingLists(headers: Headers): Dispatcher.DispatcherComposeInterceptor {
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    typeof values === 'string' ? [] : values.flatMap((value) => [name, value]),
  );
  return (dispatch) => (request, handler) => {
    if (lines.length === 0) return dispatch(request, handler);
    const others = Object.entries(request.headers ?? {}).flatMap(([name, value]) => [name, String(value)]);
    return dispatch({ ...request, headers: [...others, ...lines] }, handler);
  };
}

function handshakeError(cause: unknown): Error {
  return new Error('The WebSocket was not opened.', { cause });
}

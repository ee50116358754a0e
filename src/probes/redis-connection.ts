/**
 * One connection to Redis, command by command. Replies are parsed by @redis/client; its client would add half a
 * megabyte of commands to each bundle, and reconnects, pools and caches that a probe must not have.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import { Decoder } from '@redis/client/dist/lib/RESP/decoder.js';
import type { DatabaseTls } from '../domain/smoke/databases/protocol.ts';
import type { Dial } from '../domain/smoke/http/connection.ts';
import { trusting } from './authorities.ts';

/** An error reply of the server: `WRONGPASS invalid username-password pair`. */
export class RedisRefusal extends Error {}

/** An open connection. Commands may be sent before earlier ones are answered: replies come in the order of the commands. */
export interface RedisConnection {
  /** @throws RedisRefusal if the server refuses it; the connection's error if that broke */
  send(...words: readonly string[]): Promise<unknown>;
  destroy(): void;
}

interface Waiting {
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

/** Connects at once; commands sent before it is open are queued. `destroy` closes it and rejects queued commands. */
export function openRedis(target: Dial & { readonly tls: DatabaseTls }): RedisConnection {
  const socket = dial(target);
  const waiting: Waiting[] = [];
  let lost: Error | undefined;
  const lose = (error: Error): void => {
    lost ??= error;
    for (const one of waiting.splice(0)) one.reject(lost);
  };
  const decoder = new Decoder({
    onReply: (reply) => waiting.shift()?.resolve(reply),
    onErrorReply: ({ message }) => waiting.shift()?.reject(new RedisRefusal(message)),
    onPush: () => undefined,
    getTypeMapping: () => ({}),
  });
  let isFirst = true;
  socket.on('data', (chunk) => {
    // RFC 8446, section 5.1: a record of type 21 is an alert. A TLS-only server responds like this to plain text.
    const isAlert = isFirst && chunk[0] === 0x15;
    isFirst = false;
    try {
      if (isAlert) throw Object.assign(new Error('a TLS alert came back'), { code: 'ERR_TLS_REQUIRED' });
      decoder.write(chunk);
    } catch (error) {
      // Not Redis.
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  });
  socket.on('error', lose);
  socket.on('close', () => lose(new Error('Socket closed unexpectedly')));
  return {
    send: (...words) =>
      new Promise((resolve, reject) => {
        if (lost !== undefined) return reject(lost);
        waiting.push({ resolve, reject });
        socket.write(encoded(words));
      }),
    destroy: () => socket.destroy(),
  };
}

/** A command is an array of bulk strings; source: Redis serialization protocol specification, "Sending commands to a Redis server". */
function encoded(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

function dial(target: Dial & { readonly tls: DatabaseTls }): Socket {
  const { host, port, tls } = target;
  // A Redis port is either TLS or plain: `prefer` starts with plain.
  const isPlain = tls.mode === 'disable' || tls.mode === 'prefer';
  return isPlain
    ? connectTcp({ host, port, noDelay: true })
    : connectTls({ host, port, ...tlsOptions(target) });
}

function tlsOptions({ tls, host, serverName = host }: Dial & { readonly tls: DatabaseTls }) {
  return {
    rejectUnauthorized: tls.mode !== 'require',
    ...trusting(tls.ca),
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    checkServerIdentity: (_: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
      tls.mode === 'verify-ca' ? undefined : checkServerIdentity(serverName, certificate),
  };
}

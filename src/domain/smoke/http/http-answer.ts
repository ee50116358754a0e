import type { ConnectionFault, TlsFacts } from './connection.ts';

/** Where to connect, and how TLS is checked. */
export interface HttpTarget {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** What the Host header, SNI and the certificate say; `host` if absent. */
  readonly serverName?: string;
  /** PEM; the authorities of Node.js if absent. */
  readonly ca?: string;
  /** False: an invalid certificate is a fact, not an error (as for the kubelet's probes). */
  readonly verify: boolean;
}

/** What is sent; without `body` nothing follows the headers. */
export interface HttpRequest {
  readonly method: string;
  /** With its query: `/orders?open=1`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A response, or why there is none. Everything in it is untrusted. */
export interface HttpAnswer {
  /** Absent when there was no answer; a redirect is one. */
  readonly status?: number;
  /** By name in lower case; one entry per header line (`set-cookie` has several). */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** As much of it as was read. */
  readonly body: string;
  /** True if the body was longer than what was read. */
  readonly truncated?: boolean;
  /** From the call to the end of the body. */
  readonly milliseconds: number;
  readonly tls?: TlsFacts;
  readonly error?: ConnectionFault;
}

/** What the probes of the smoke tests are given and what they bring back. Judges turn it into a `Judgement`; nothing here decides. */
import type { Reason } from '../reasons.ts';
import type { SmokeOutcome } from './report.ts';

/** Both end a probe; `deadline` is milliseconds from its start. */
export interface ProbeLimits {
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** Where to dial and what to speak there: behind a port-forward the two differ. */
export interface DialTarget {
  readonly host: string;
  readonly port: number;
  /** For the Host header, SNI and the name on the certificate. */
  readonly serverName: string;
}

export interface HttpCall extends DialTarget {
  readonly scheme: 'http' | 'https';
  /** Begins with a slash, may have a query. */
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** PEM of the authority that signed the server's certificate; absent: the runner's own. */
  readonly ca?: string;
  /** False for the pods' own HTTPS probes: the kubelet does not verify either. */
  readonly verify: boolean;
}

export type CallErrorKind =
  | 'refused'
  | 'timeout'
  | 'dns'
  | 'reset'
  | 'tls-expired'
  | 'tls-untrusted'
  | 'tls-name'
  | 'tls-other'
  | 'other';

export interface CallError {
  readonly kind: CallErrorKind;
  /** Foreign text. */
  readonly message: string;
}

export interface TlsFacts {
  readonly subject: string;
  readonly issuer: string;
  /** RFC 3339. */
  readonly validFrom: string;
  readonly validTo: string;
  readonly authorized: boolean;
  readonly error?: string;
}

/** Without a status nothing answered, and `error` says why. */
export interface HttpAnswer {
  readonly status?: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bounded, foreign text. */
  readonly body: string;
  readonly milliseconds: number;
  readonly tls?: TlsFacts;
  readonly error?: CallError;
}

export interface DatabaseTarget {
  readonly host: string;
  readonly port: number;
  readonly serverName?: string;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly tls: boolean;
}

/** A judge's answer to one finding. */
export interface Judgement {
  readonly outcome: SmokeOutcome;
  /** Absent when it passed. */
  readonly reason?: Reason;
  /** One sentence without a full stop: "answered 503 instead of 200". */
  readonly message: string;
  readonly remedy?: string;
  /** First 200 characters of the answer, where it was not the expected one. */
  readonly body?: string;
  readonly facts?: Readonly<Record<string, string>>;
}

/** Connection faults, common to HTTP and databases. */
import type { Reason } from '../../failure/reasons.ts';
import type { Judgement } from '../judgement.ts';

export const connectionFaultKinds = [
  'refused',
  'timeout',
  'dns',
  'unreachable',
  'reset',
  'tls-expired',
  'tls-untrusted',
  'tls-name',
  'tls-required',
  'tls-failed',
  'other',
] as const;
/** How a connection failed, told apart by error codes of Node.js and OpenSSL. */
export type ConnectionFaultKind = (typeof connectionFaultKinds)[number];

/** Why there is no connection, or no answer on it. */
export interface ConnectionFault {
  readonly kind: ConnectionFaultKind;
  /** The message of Node.js or OpenSSL: untrusted text. */
  readonly message: string;
}

/** The certificate of a server, and its verification by Node.js. */
export interface TlsFacts {
  /** `CN=auth.shop, O=Orion`. */
  readonly subject: string;
  readonly issuer: string;
  /** Milliseconds since the epoch. */
  readonly validFrom: number;
  readonly validTo: number;
  /** True if the chain leads to a trusted authority and the name fits. */
  readonly authorized: boolean;
  /** Why it is not, as a code of OpenSSL or Node.js: `CERT_HAS_EXPIRED`. */
  readonly error?: string;
}

/** The address to dial and the name to request: port-forwards dial this machine but use the name of the Service. */
export interface Dial {
  readonly host: string;
  readonly port: number;
  /** The name that the certificate must bear and that SNI asks for; `host` if absent. */
  readonly serverName?: string;
}

/** When a probe gives up. */
export interface ProbeLimits {
  /** Milliseconds for everything, including the connection. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

const byCode: Readonly<Record<string, ConnectionFaultKind>> = {
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_NONAME: 'dns',
  EAI_NODATA: 'dns',
  EAI_FAIL: 'dns',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  CERT_HAS_EXPIRED: 'tls-expired',
  CERT_NOT_YET_VALID: 'tls-expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls-name',
  HOSTNAME_MISMATCH: 'tls-name',
  ERR_TLS_REQUIRED: 'tls-required',
};

/**
 * Codes of X509_V_ERR_* as Node.js names them (`src/crypto/crypto_common.cc`), without those of `byCode`.
 */
const untrusted =
  /^(UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED_CERT|CERT_|CRL_|ERROR_IN_C|INVALID_(CA|PURPOSE)|PATH_LENGTH)/;

/** Reads the code of an error of Node.js, undici or OpenSSL; a code comes first, as words differ between versions. */
export function connectionFaultOf(code: string | undefined, message: string): ConnectionFault {
  return { kind: kindOf(code ?? '', message), message };
}

function kindOf(code: string, message: string): ConnectionFaultKind {
  const known = byCode[code];
  if (known !== undefined) return known;
  if (untrusted.test(code)) return 'tls-untrusted';
  // A server without TLS answers a handshake with its own protocol: ERR_SSL_WRONG_VERSION_NUMBER, EPROTO.
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) return 'tls-failed';
  // pg and @redis/client report a connection that ended too early without any code.
  if (
    /terminated unexpectedly|closed unexpectedly|socket (hang up|closed)|other side closed/i.test(message)
  ) {
    return 'reset';
  }
  if (/disconnected before secure TLS/i.test(message)) return 'tls-failed';
  return /time(d )?out/i.test(message) ? 'timeout' : 'other';
}

interface Words {
  readonly reason: Reason;
  readonly says: string;
  readonly remedy: string;
}

const words: Readonly<Record<ConnectionFaultKind, Words>> = {
  refused: {
    reason: 'connection-refused',
    says: 'refused the connection: nothing listens on this port',
    remedy: 'Check whether the process runs and listens on this port, and on all addresses of its pod.',
  },
  timeout: {
    reason: 'connection-timeout',
    says: 'gave no answer in time',
    remedy: 'Check whether it is overloaded, and whether a NetworkPolicy or firewall drops the packets.',
  },
  dns: {
    reason: 'dns-unknown',
    says: 'has a name that DNS does not resolve',
    remedy: 'Correct the host name; inside the cluster its form is service.namespace.',
  },
  unreachable: {
    reason: 'connection-timeout',
    says: 'cannot be reached: there is no route to it',
    remedy: 'Check whether the address is correct and reachable from where the test runs.',
  },
  reset: {
    reason: 'connection-lost',
    says: 'closed the connection unexpectedly',
    remedy: 'Check its log: it crashed, restarted, or uses a different protocol on this port.',
  },
  'tls-expired': {
    reason: 'tls-expired',
    says: 'presented a TLS certificate outside of its validity period',
    remedy: 'Renew the certificate; find out why its automatic renewal failed.',
  },
  'tls-untrusted': {
    reason: 'tls-untrusted',
    says: 'presented a TLS certificate that no trusted authority signed',
    remedy:
      'Name the certificate authority in orion.yaml (smoke.ca), or configure the server to send its full chain.',
  },
  'tls-name': {
    reason: 'tls-name-mismatch',
    says: 'presented a TLS certificate for other names',
    remedy: 'Issue the certificate for this name, or correct the host name.',
  },
  'tls-required': {
    reason: 'tls-required',
    says: 'requires TLS',
    remedy: 'Connect with TLS: rediss:// in place of redis://, or the variable that enables it.',
  },
  'tls-failed': {
    reason: 'tls-failed',
    says: 'did not complete a TLS handshake',
    remedy: 'Check whether this port uses TLS, and which versions it accepts.',
  },
  other: {
    reason: 'connection-lost',
    says: 'failed with a connection error',
    remedy: 'Check its log and the error message.',
  },
};

/** The judgement of a failed connection. `subject` begins the sentence: `PostgreSQL at postgres:5432`. */
export function judgeConnection(subject: string, fault: ConnectionFault): Judgement {
  const { reason, says, remedy } = words[fault.kind];
  return { outcome: 'failed', reason, message: `${subject} ${says} (${oneLine(fault.message)}).`, remedy };
}

/** Untrusted text as one line of at most 200 characters. */
export function oneLine(text: string, longest = 200): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}

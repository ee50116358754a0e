import { Fault } from '../../domain/failure/fault.ts';

const unknownAuthority = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
]);
const expired = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);
const neverSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const broken = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'UND_ERR_SOCKET', 'UND_ERR_INFO']);

/** The error code of Node or undici, also where `localhost` failed on both address families at once. */
function errorCode(error: unknown): string {
  for (const candidate of [error, error instanceof Error ? error.cause : undefined]) {
    const code = (candidate as { code?: unknown } | undefined)?.code;
    if (typeof code === 'string') return code;
    if (candidate instanceof AggregateError) return errorCode(candidate.errors[0]);
  }
  return '';
}

/** The request did not reach the server: any call may be retried. */
export function wasNeverSent(error: unknown): boolean {
  return neverSent.has(errorCode(error));
}

/** The connection broke before the response was complete: only calls without a side effect may be retried. */
export function isBrokenConnection(error: unknown): boolean {
  const code = errorCode(error);
  return wasNeverSent(error) || broken.has(code) || code.startsWith('ERR_HTTP2');
}

/** No response in time, by the deadline of the request or of a part of it. */
export function isTimeout(error: unknown): boolean {
  return (
    errorCode(error) === 'UND_ERR_HEADERS_TIMEOUT' ||
    (error instanceof Error && error.name === 'TimeoutError')
  );
}

/** The Fault for a request without a response from `host` (`127.0.0.1:6443`). */
export function connectionFault(error: unknown, host: string): Fault {
  const code = errorCode(error);
  const fault = (message: string, remedy: string) =>
    new Fault('cluster-unreachable', message, remedy, { cause: error });
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return fault(
      `The name of the API server ${host} cannot be resolved (${code}).`,
      'Check the server address in the kubeconfig, and that the runner can resolve it (private clusters need a runner in their network).',
    );
  }
  if (unknownAuthority.has(code)) {
    return fault(
      `The certificate of the API server ${host} is signed by an authority that the kubeconfig does not contain (${code}).`,
      "Put the certificate of the cluster's authority into certificate-authority-data, or use a current kubeconfig of this cluster.",
    );
  }
  if (expired.has(code) || code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return fault(
      `The certificate of the API server ${host} is not valid for it now (${code}).`,
      'Renew the certificate of the API server, or correct server or tls-server-name in the kubeconfig.',
    );
  }
  if (code.startsWith('ERR_OSSL')) {
    return new Fault(
      'kubeconfig-unreadable',
      `A certificate or key of the kubeconfig cannot be used (${code}).`,
      'Export the kubeconfig again; certificate and key must be a matching PEM pair.',
    );
  }
  return fault(
    `The API server ${host} cannot be reached (${isTimeout(error) ? 'no answer in time' : code || 'no answer'}).`,
    'Check that the cluster is running, and that the runner can reach this address (firewall, VPN, proxy).',
  );
}

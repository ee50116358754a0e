import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { TlsFacts } from '../domain/smoke/http/connection.ts';

/** The certificate of an established TLS socket; undefined if there was none. */
export function tlsFactsOf(socket: TLSSocket): TlsFacts | undefined {
  const certificate = socket.getPeerCertificate();
  // Without a certificate Node.js returns an empty object, contrary to its type.
  if (certificate.valid_to === undefined) return undefined;
  // The type is Error, but the value is the code (or message) of one.
  const error = socket.authorizationError as unknown;
  return {
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    validFrom: Date.parse(certificate.valid_from),
    validTo: Date.parse(certificate.valid_to),
    authorized: socket.authorized,
    ...(socket.authorized || error === null || error === undefined ? {} : { error: String(error) }),
  };
}

function nameOf(name: PeerCertificate['subject']): string {
  return Object.entries(name)
    .map(([key, value]) => `${key}=${Array.isArray(value) ? value.join('+') : value}`)
    .join(', ');
}

import { getCACertificates } from 'node:tls';

/** The TLS option `ca` that trusts these authorities (PEM) beside the usual ones; Node.js itself would trust them alone. */
export function trusting(ca: string | undefined): { readonly ca?: string[] } {
  return ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
}

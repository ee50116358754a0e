import { getCACertificates } from 'node:tls';

/**
 * The TLS option `ca` that trusts these CAs (PEM) in addition to the default ones; by itself Node.js would trust only
 * them.
 */
export function trusting(ca: string | undefined): { readonly ca?: string[] } {
  return ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
}

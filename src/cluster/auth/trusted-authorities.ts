/** Who may sign the API server's certificate where the kubeconfig names no authority. */
import { existsSync, readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';

/** Where Linux distributions keep their bundle; some have it in none of OpenSSL's own places. Source: Go's crypto/x509/root_linux.go. */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

let known: readonly string[] | undefined;

/**
 * The machine's authorities (also by SSL_CERT_FILE and SSL_CERT_DIR), which kubectl asks, and those that Node.js would ask without
 * them (its own and NODE_EXTRA_CA_CERTS). PEM; read once.
 */
export function trustedAuthorities(): readonly string[] {
  known ??= [...new Set([...getCACertificates('default'), ...systemAuthorities()])];
  return known;
}

function systemAuthorities(): readonly string[] {
  const found = getCACertificates('system');
  if (found.length > 0) return found;
  const bundle = bundles.find((path) => existsSync(path));
  return bundle === undefined ? [] : [readFileSync(bundle, 'utf8')];
}

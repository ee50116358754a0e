/** The CAs trusted for the API server's certificate if the kubeconfig has none. */
import { existsSync, readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';

/**
 * CA bundle paths of Linux distributions; some use none of OpenSSL's default paths. Source: Go's
 * crypto/x509/root_linux.go.
 */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

let known: readonly string[] | undefined;

/**
 * The system's CAs (also SSL_CERT_FILE and SSL_CERT_DIR), which kubectl trusts, and the defaults of Node.js (bundled
 * and NODE_EXTRA_CA_CERTS). PEM; read once.
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

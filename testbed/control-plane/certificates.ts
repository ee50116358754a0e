// x509 decorates its classes by this polyfill, which must be loaded before it.
import 'reflect-metadata';
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const day = 86_400_000;
const lifetimeDays = 365;

/** Paths of a certificate and its private key, both PEM. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate is for. */
export interface CertificateRequest {
  readonly commonName: string;
  /** Kubernetes reads them as the groups of a client. */
  readonly organizations?: readonly string[];
  /** Names and addresses of a server; without any, the certificate is a client's. */
  readonly hosts?: readonly string[];
}

/** Makes a certificate authority of the testbed's own and writes its two files. */
export async function createAuthority(files: CertificateFiles, now: Date): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: ['orion-testbed'] }],
    keys,
    signingAlgorithm: algorithm,
    ...validity(now),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await save(files, certificate, keys.privateKey);
}

/** Issues a client or server certificate and writes its two files. */
export async function issueCertificate(
  authority: CertificateFiles,
  request: CertificateRequest,
  files: CertificateFiles,
  now: Date,
): Promise<void> {
  const issuer = new x509.X509Certificate(await readFile(authority.certificate, 'utf8'));
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const usage = request.hosts ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
  const extensions: x509.Extension[] = [
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([usage]),
    await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
  ];
  if (request.hosts) extensions.push(new x509.SubjectAlternativeNameExtension(request.hosts.map(hostName)));
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [request.commonName] }, ...(request.organizations ?? []).map((name) => ({ O: [name] }))],
    issuer: issuer.subjectName,
    serialNumber: randomBytes(8).toString('hex'),
    publicKey: keys.publicKey,
    signingKey: await authorityKey(authority),
    signingAlgorithm: algorithm,
    ...validity(now),
    extensions,
  });
  await save(files, certificate, keys.privateKey);
}

function hostName(host: string): x509.JsonGeneralName {
  return { type: isIP(host) ? 'ip' : 'dns', value: host };
}

function validity(now: Date): { notBefore: Date; notAfter: Date } {
  // A clock that is set back a little, on this machine or in a pod, must not make everything invalid.
  return {
    notBefore: new Date(now.getTime() - day),
    notAfter: new Date(now.getTime() + lifetimeDays * day),
  };
}

async function authorityKey(authority: CertificateFiles): Promise<webcrypto.CryptoKey> {
  const pem = await readFile(authority.key, 'utf8');
  const encoded = x509.PemConverter.decodeFirst(pem);
  return webcrypto.subtle.importKey('pkcs8', encoded, algorithm, false, ['sign']);
}

async function save(
  files: CertificateFiles,
  certificate: x509.X509Certificate,
  key: webcrypto.CryptoKey,
): Promise<void> {
  await mkdir(dirname(files.certificate), { recursive: true });
  await writeFile(files.certificate, `${certificate.toString('pem')}\n`);
  const pem = KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' });
  await writeFile(files.key, pem, { mode: 0o600 });
}

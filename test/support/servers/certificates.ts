/** Certificates for servers of this machine. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  cryptoProvider,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto);

interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A certificate of its own authority for localhost whose time was over yesterday. */
export function expiredCertificate(): Promise<Certificate> {
  return certificate(-2, -1);
}

/** The same, valid today. */
export function privateCertificate(): Promise<Certificate> {
  return certificate(-1, 1);
}

/** From and until are days from now. */
async function certificate(from: number, until: number): Promise<Certificate> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const day = 24 * 60 * 60 * 1000;
  const made = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    notBefore: new Date(Date.now() + from * day),
    notAfter: new Date(Date.now() + until * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { key: PemConverter.encode(key, 'PRIVATE KEY'), cert: made.toString('pem') };
}

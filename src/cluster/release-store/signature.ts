/**
 * Signatures of release records: HMAC-SHA-256 over where the record is and what its head says, the digest of its body included. Without
 * the key nobody can make a record, change one, or copy one to another name or namespace.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Where a head is and the bytes that it is stored as. */
export interface SignedHead {
  readonly namespace: string;
  /** `orion-shop-12` */
  readonly name: string;
  readonly bytes: Buffer;
}

/** The signature of a head in its place, 32 bytes. */
export function signatureOf({ namespace, name, bytes }: SignedHead, key: string): Buffer {
  return createHmac('sha256', key)
    .update(`orion.dev/release/v1\0${namespace}\0${name}\0`)
    .update(bytes)
    .digest();
}

/** Takes the same time whether the signature is right or wrong. */
export function isSignedBy(head: SignedHead, signature: Buffer, key: string): boolean {
  const expected = signatureOf(head, key);
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}

/** What the Secrets with the labels of an app say of its releases. Pure. */
import { Fault } from '../../domain/failure/fault.ts';
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import { type ReleaseHead, releaseName } from '../../domain/release/record.ts';
import type { ReleaseList, StoredRelease, UnreadableRecord } from '../../ports/release-store.ts';
import { maxReleaseNumber } from './record-schema.ts';
import { hasSignature, readHead } from './secrets.ts';

/** @param key without it, signatures are not checked */
export function toReleaseList(
  secrets: readonly KubernetesObject[],
  app: string,
  key: string | undefined,
): ReleaseList {
  const isSigned = (secret: KubernetesObject): boolean => key === undefined || hasSignature(secret, key);
  const releases = readableOf(secrets.filter(isSigned)).filter(({ head }) => head.app === app);
  const readable = new Set(releases.map(({ name }) => name));
  const unreadable = secrets
    .filter(({ metadata }) => !readable.has(metadata.name))
    .map(
      (secret): UnreadableRecord => ({
        name: secret.metadata.name,
        why: isSigned(secret) ? 'damaged' : 'unsigned',
      }),
    );
  return { releases, unreadable, nextNumber: nextNumberOf(app, releases, unreadable) };
}

/** The records that hold the head that their name promises, newest first. */
export function readableOf(secrets: readonly KubernetesObject[]): readonly StoredRelease[] {
  return secrets
    .flatMap((secret) => {
      const head = readHead(secret);
      const isNamed = head !== undefined && releaseName(head.app, head.number) === secret.metadata.name;
      return isNamed ? [storedFrom(secret, head)] : [];
    })
    .toSorted((one, other) => other.head.number - one.head.number);
}

/**
 * The first number above every readable release whose name is free. Numbers of unreadable ones are not believed: one of them could use up
 * all that there are.
 */
function nextNumberOf(
  app: string,
  releases: readonly StoredRelease[],
  unreadable: readonly UnreadableRecord[],
): number {
  const taken = new Set(unreadable.map(({ name }) => name));
  let next = Math.max(0, ...releases.map(({ head }) => head.number)) + 1;
  while (taken.has(releaseName(app, next))) next += 1;
  if (next <= maxReleaseNumber) return next;
  throw new Fault(
    'record-unreadable',
    `The release record ${releases[0]?.name ?? releaseName(app, next)} leaves no number for another release: it was not made by Orion.`,
    'Find out who writes Secrets in this namespace, and delete that Secret.',
  );
}

/** A head with what its Secret says of it. */
export function storedFrom({ metadata }: KubernetesObject, head: ReleaseHead): StoredRelease {
  const { name, resourceVersion = '', creationTimestamp } = metadata;
  const created = creationTimestamp === undefined ? {} : { createdAt: creationTimestamp };
  return { name, head, resourceVersion, ...created };
}

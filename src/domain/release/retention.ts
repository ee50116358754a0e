/** What stays on record: whole releases for undo and rollback, heads alone for the history. Pure. */
import type { ReleaseHead } from './record.ts';

interface Retired<Release> {
  /** Their bodies go: what they applied and what was before it. */
  readonly trim: readonly Release[];
  /** They go altogether. */
  readonly remove: readonly Release[];
}

/** Releases that are kept whole, whatever became of them. */
const wholeReleases = 10;
/** Releases whose head is kept. */
const releasesOnRecord = 200;

/**
 * @param releases newest first. Whole stay the last 10, the two newest deployed ones, and all that came after the newest of
 * these, whose state before a rollback or the next release may need. Pending ones are nobody's to touch.
 */
export function retire<Release extends { readonly head: ReleaseHead }>(
  releases: readonly Release[],
): Retired<Release> {
  const [newest, second] = releases.filter(({ head }) => head.status === 'deployed');
  const place = (release: Release | undefined): number =>
    release === undefined ? Number.POSITIVE_INFINITY : releases.indexOf(release);
  const kept = (release: Release, index: number): boolean =>
    index < wholeReleases ||
    index <= place(newest) ||
    release === second ||
    release.head.status === 'pending';
  const old = releases.filter((release, index) => !kept(release, index));
  const remove = old.filter((release) => releases.indexOf(release) >= releasesOnRecord);
  return {
    trim: old.filter((release) => release.head.trimmed !== true && !remove.includes(release)),
    remove,
  };
}

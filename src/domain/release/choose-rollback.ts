/** Which release a rollback concerns, and how (release state rows 16, 18, 19, 21, 25). */
import { Fault } from '../failure/fault.ts';
import { type ReleaseHead, releaseName } from './record.ts';

type RollbackChoice =
  /** It failed or its state is unknown: its previous state is restored. */
  | { readonly type: 'undo'; readonly release: ReleaseHead }
  /** It was deployed once: its objects are deployed again as a new release. */
  | { readonly type: 'return'; readonly release: ReleaseHead }
  /** It is undone already. */
  | { readonly type: 'nothing'; readonly release: ReleaseHead };

/**
 * @param releases the heads on record, newest first
 * @param wanted `orion-shop-12` or `12`; undefined: the newest if it is unfinished or failed, else the deployed one
 * before it
 * @throws Fault `bad-input` when there is no such release, `superseded` when a later one is based on it
 */
export function chooseRollback(releases: readonly ReleaseHead[], wanted?: string): RollbackChoice {
  const [newest] = releases;
  if (newest === undefined) {
    throw new Fault(
      'bad-input',
      'No release of this app is on record in this namespace, so there is nothing to roll back.',
      'Check the inputs `app` and `namespace`, or the overlay that names them.',
    );
  }
  if (wanted !== undefined) return chosen(releases, newest, wanted);
  if (newest.status === 'deployed') return { type: 'return', release: deployedBefore(releases, newest) };
  return wayBackFrom(newest);
}

function chosen(releases: readonly ReleaseHead[], newest: ReleaseHead, wanted: string): RollbackChoice {
  const release = releases.find((head) => nameOf(head) === wanted || String(head.number) === wanted);
  if (release === undefined) {
    throw new Fault(
      'bad-input',
      `There is no release ${wanted} on record here.`,
      `Use one of ${releases.slice(0, 10).map(nameOf).join(', ')}.`,
    );
  }
  if (release.status === 'deployed') return { type: 'return', release: whole(release) };
  if (release === newest) return wayBackFrom(newest);
  throw new Fault(
    'superseded',
    `${nameOf(release)} ended as ${release.status}, and ${nameOf(newest)} (${newest.status}) came after it: undo must no longer restore the state before ${nameOf(release)}.`,
    `Leave \`release\` empty to roll back ${nameOf(newest)}, or name a release that was deployed.`,
  );
}

function wayBackFrom(newest: ReleaseHead): RollbackChoice {
  return newest.status === 'rolled-back'
    ? { type: 'nothing', release: newest }
    : { type: 'undo', release: newest };
}

/** A second rollback goes further back, not forward again. */
function deployedBefore(releases: readonly ReleaseHead[], newest: ReleaseHead): ReleaseHead {
  const start = releases.find((head) => nameOf(head) === newest.returnsTo) ?? newest;
  const earlier = releases.find(
    ({ number, status, returnsTo }) =>
      number < start.number && status === 'deployed' && returnsTo === undefined,
  );
  if (earlier !== undefined) return whole(earlier);
  throw new Fault(
    'bad-input',
    `${nameOf(start)} is the oldest deployed release on record: there is no earlier one to return to.`,
    'Deploy the commit that you want to restore.',
  );
}

/** @throws Fault `record-unreadable` for one whose body was removed */
function whole(release: ReleaseHead): ReleaseHead {
  if (release.trimmed !== true) return release;
  throw new Fault(
    'record-unreadable',
    `${nameOf(release)} is too old to return to: only its history is kept, not its objects.`,
    'Deploy the commit that you want to restore.',
  );
}

function nameOf({ app, number }: ReleaseHead): string {
  return releaseName(app, number);
}

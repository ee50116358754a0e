import type { ReleaseHead, ReleaseStatus } from '../release/record.ts';
import { releaseName } from '../release/record.ts';
import type { Profile } from '../settings/profile.ts';
import type { Finding } from './finding.ts';

/** The last releases (newest first), shown; production also judges them (2 failures in the last 5). */
export function judgeHistory(
  heads: readonly ReleaseHead[],
  app: string,
  profile: Profile,
  allowUnstable: boolean,
): readonly Finding[] {
  const newest = heads[0];
  if (newest === undefined) {
    return [
      {
        level: 'pass',
        reason: 'ok',
        message: `No release of ${app} is on record here: this is the first.`,
        remedy: '',
      },
    ];
  }
  const listed = heads
    .slice(0, 5)
    .map((head) => `${releaseName(head.app, head.number)} ${head.status}`)
    .join(', ');
  const last = unfinished(newest, listed, profile);
  const failures = heads.slice(0, 5).filter(({ status }) => failedStatuses.includes(status)).length;
  if (failures < 2 || profile.levels.historyUnstable === 'pass' || allowUnstable) return [last];
  return [
    {
      level: profile.levels.historyUnstable,
      reason: 'history-unstable',
      message: `${failures} of the last ${Math.min(5, heads.length)} releases failed: ${listed}.`,
      remedy:
        'Find out why before the next one, or set `allow-unstable-history: true` for the release that fixes it.',
    },
    ...(last.level === 'pass' ? [] : [last]),
  ];
}

const failedStatuses: readonly ReleaseStatus[] = ['failed', 'rolled-back', 'restore-unverified', 'abandoned'];

function unfinished({ status, phase }: ReleaseHead, listed: string, profile: Profile): Finding {
  const level = profile.levels.historyUnfinished;
  if (status === 'pending') {
    return {
      level,
      reason: 'history-interrupted',
      message: `The last release was interrupted in its ${phase} phase: ${listed}.`,
      remedy:
        'This run takes over its previous state if its job is dead, and is refused if it is still running.',
    };
  }
  if (status === 'failed' || status === 'restore-unverified') {
    return {
      level,
      reason: 'history-interrupted',
      message: `The last release ended as ${status}: ${listed}.`,
      remedy: 'This run takes over its previous state.',
    };
  }
  return { level: 'pass', reason: 'ok', message: `Last releases: ${listed}.`, remedy: '' };
}

/** A different overlay with the same app name would overwrite its releases. */
export function judgeAppName(heads: readonly ReleaseHead[], overlay: string): readonly Finding[] {
  const other = heads[0];
  if (other === undefined || plainPath(other.overlay) === plainPath(overlay)) return [];
  return [
    {
      level: 'fail',
      reason: 'app-name-conflict',
      message: `Releases named ${other.app} in this namespace come from overlay ${other.overlay}, not from ${overlay}.`,
      remedy:
        'Give this overlay its own name with the input `app`, or delete the old release records if the overlay was moved.',
    },
  ];
}

/** `./k8s//overlay/` and `k8s/overlay` are one folder. */
function plainPath(path: string): string {
  return path
    .split('/')
    .filter((part, index) => part !== '.' && (part !== '' || index === 0))
    .join('/');
}

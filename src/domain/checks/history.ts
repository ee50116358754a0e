import type { Finding } from '../checks.ts';
import type { ReleaseHead } from '../release.ts';
import { releaseName } from '../release.ts';

/** The last releases, shown; production also judges them (2 failures in the last 5). */
export function judgeHistory(heads: readonly ReleaseHead[], app: string): readonly Finding[] {
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
  if (newest.status === 'pending') {
    return [
      {
        level: 'warn',
        reason: 'history-interrupted',
        message: `The last release was interrupted in its ${newest.phase} phase: ${listed}.`,
        remedy: 'This run takes its state before over if its job is dead, and is refused if it is alive.',
      },
    ];
  }
  return [{ level: 'pass', reason: 'ok', message: `Last releases: ${listed}.`, remedy: '' }];
}

/** Another overlay under the same app name would overwrite the other's releases. */
export function judgeAppName(heads: readonly ReleaseHead[], overlay: string): readonly Finding[] {
  const other = heads[0];
  if (other === undefined || other.overlay === overlay) return [];
  return [
    {
      level: 'fail',
      reason: 'app-name-conflict',
      message: `Releases named ${other.app} in this namespace come from overlay ${other.overlay}, not from ${overlay}.`,
      remedy:
        'Give this overlay its own name with the input `app`, or delete the old release records if it has moved.',
    },
  ];
}

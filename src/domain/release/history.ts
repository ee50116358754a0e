/** Who deployed what, when, and with which result; and the four DORA metrics (dora.dev). Pure. */
import type { DeliveryFigures, History, HistoryEntry } from './delivery.ts';
import { type ReleaseHead, releaseName } from './record.ts';

const day = 86_400_000;

/** @param heads newest first · `now` milliseconds since the epoch */
export function historyOf(heads: readonly ReleaseHead[], now: number): History {
  return { entries: heads.map(entryOf), figures: figuresOf(heads, now) };
}

function entryOf(head: ReleaseHead): HistoryEntry {
  const { app, number, status, startedAt, finishedAt, run, returnsTo, message } = head;
  const { actor, commit, runUrl } = run;
  const optional = { finishedAt, actor, commit, runUrl, returnsTo, message };
  const known = Object.entries(optional).filter(([, value]) => value !== undefined);
  return { release: releaseName(app, number), status, startedAt, ...Object.fromEntries(known) };
}

function figuresOf(heads: readonly ReleaseHead[], now: number): DeliveryFigures {
  const ended = heads.filter(({ status }) => status !== 'pending').toReversed();
  const deployed = ended.filter(({ status }) => status === 'deployed');
  const failures = ended.filter((head, index) => isFailure(head, ended[index + 1]));
  const restores = failures.map((failure) => restoredAfter(failure, ended));
  const times = restores.filter((time) => time !== undefined);
  const first = ended[0];
  const days = first === undefined ? 0 : Math.max(0, (now - Date.parse(first.startedAt)) / day);
  const median = medianOf(times);
  return {
    releases: ended.length,
    deployed: deployed.length,
    days,
    ...(days >= 7 ? { perWeek: (deployed.length / days) * 7 } : {}),
    ...(ended.length === 0 ? {} : { failureRate: failures.length / ended.length }),
    ...(median === undefined ? {} : { timeToRestore: median }),
    unrestored: restores.length - times.length,
  };
}

/** A deployed release that was rolled back to an earlier one does not count as a success. */
function isFailure(head: ReleaseHead, next: ReleaseHead | undefined): boolean {
  return head.status !== 'deployed' || next?.returnsTo !== undefined;
}

/** Milliseconds until it was rolled back, or a later release was deployed; undefined until then. */
function restoredAfter(failure: ReleaseHead, ended: readonly ReleaseHead[]): number | undefined {
  const later = ended.slice(ended.indexOf(failure) + 1).find(({ status }) => status === 'deployed');
  const by = failure.status === 'rolled-back' ? failure : later;
  if (by?.finishedAt === undefined) return undefined;
  return Date.parse(by.finishedAt) - Date.parse(failure.startedAt);
}

function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((one, other) => one - other);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

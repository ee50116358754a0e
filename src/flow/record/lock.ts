/**
 * The lock of a release: the Lease while a process runs, the pending record between processes (release state rows 1,
 * 14, 15, 20, 22, 23). It is held until `release`.
 */
import { Fault } from '../../domain/failure/fault.ts';
import { type ReleaseBody, type RunIdentity, responsible, sameJob } from '../../domain/release/record.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type {
  LeaseFacts,
  LeaseHold,
  LeasePort,
  RecordsPort,
  StoredRelease,
} from '../../ports/release-store.ts';
import { logLine } from '../../report/log/line.ts';
import { logText } from '../../report/text/escape.ts';
import { notice, type Run } from '../run/context.ts';

/** The lock while it is ours, with the records as they were found under it. */
export interface Hold {
  readonly lease: LeaseHold;
  /** Newest first, as read after the Lease was acquired. */
  readonly releases: readonly StoredRelease[];
  readonly nextNumber: number;
  /** The unfinished or failed release whose previous state this one takes over. */
  readonly predecessor?: { readonly release: StoredRelease; readonly body: ReleaseBody };
}

/** @throws Fault `lock-held` when another live job holds it. */
export async function takeHold(run: Run, namespace: string): Promise<Hold> {
  const [records, lease] = await Promise.all([run.records(namespace), run.lease(namespace)]);
  const before = (await records.list()).releases[0];
  const dead = before?.head.status === 'pending' ? await deadLeaseOf(run, lease, before) : undefined;
  const hold = await acquire(run, lease, dead);
  try {
    return await lookAgain(run, records, hold, before);
  } catch (error) {
    await hold.release();
    throw error;
  }
}

async function lookAgain(
  run: Run,
  records: RecordsPort,
  hold: LeaseHold,
  before: StoredRelease | undefined,
): Promise<Hold> {
  const { releases, nextNumber } = await records.list();
  const newest = releases[0];
  // Between reading the records and acquiring the Lease another run may have run, or died.
  if (newest?.head.status === 'pending' && newest.name !== before?.name) {
    throw heldBy(responsible(newest.head));
  }
  const unfinished =
    newest !== undefined && ['pending', 'failed', 'restore-unverified'].includes(newest.head.status);
  if (!unfinished) return { lease: hold, releases, nextNumber };
  const body = await readBodyOf(run, records, newest);
  return { lease: hold, releases, nextNumber, predecessor: { release: newest, body } };
}

/** A damaged record must not block every later release: without its body there is nothing to take over. */
async function readBodyOf(run: Run, records: RecordsPort, release: StoredRelease): Promise<ReleaseBody> {
  try {
    return await records.readBody(release);
  } catch (error) {
    if (!(error instanceof Fault) || error.reason !== 'record-unreadable') throw error;
    notice(run, { reason: error.reason, message: error.message, remedy: error.remedy });
    return { rendered: [], before: [], inventory: [] };
  }
}

/** The Lease of a job that is dead according to GitHub, or after a minute without renewal. */
async function deadLeaseOf(
  run: Run,
  lease: LeasePort,
  pending: StoredRelease,
): Promise<LeaseFacts | undefined> {
  const { head, name } = pending;
  const owner = responsible(head);
  // An earlier step of the same job: steps run one after the other, so its process has ended.
  const ours = sameJob(owner, run.identity);
  // It may be another job of a matrix: the Lease must be free, or not renewed for a minute.
  if (ours === 'likely' && head.jobInSteps) return undefined;
  const state = ours === 'yes' ? 'completed' : await run.jobs.stateOf(owner);
  if (state === 'completed') {
    const facts = await lease.read();
    // The Lease may not belong to the dead job: another run may be taking over at this moment.
    return facts?.holder === owner.holder ? facts : undefined;
  }
  if (state === 'running' || head.jobInSteps) throw heldBy(owner);
  const found = await watch(
    run,
    lease,
    `${name} is unfinished and GitHub does not say whether its job is still running`,
  );
  if (found.state === 'alive') throw heldBy(owner);
  return found.lease;
}

/** A Lease without a pending record: its holder is about to write one, or died before. */
async function acquire(run: Run, lease: LeasePort, dead: LeaseFacts | undefined): Promise<LeaseHold> {
  const first = await lease.acquire(dead);
  if (first.type === 'acquired') return first.lease;
  const found = await watch(run, lease, `The lock is held by ${first.by.holder}`);
  if (found.state === 'alive' || found.lease?.holder !== first.by.holder) throw heldBy(first.by);
  const second = await lease.acquire(found.lease);
  if (second.type === 'acquired') return second.lease;
  throw heldBy(second.by);
}

async function watch(run: Run, lease: LeasePort, why: string): ReturnType<LeasePort['watchSilence']> {
  run.log.line(logLine(run.logClock(), logText(`${why}; watching its Lease for a minute without renewal.`)));
  return lease.watchSilence(run.signal);
}

function heldBy({ runUrl, holder }: Pick<RunIdentity, 'runUrl' | 'holder'>): Fault {
  return new Fault(
    'lock-held',
    `Another run is changing this app: ${runUrl ?? holder}.`,
    'Wait until it has finished, or cancel it, and run this job again.',
  );
}

/** A deployment continues from where the previous one was left. */
export function announceTakeover(run: Run, { head, name }: StoredRelease): void {
  const pending = head.status === 'pending';
  notice(run, {
    reason: 'interrupted-run',
    message: pending
      ? `${name} was interrupted in its ${head.phase} phase and its job is dead; this release keeps the state before it, which a rollback restores.`
      : `${name} ended as ${head.status}; this release keeps the state before it, which a rollback restores.`,
    remedy: pending ? 'Nothing to do: the record has the state before the interrupted release.' : '',
  });
}

/**
 * Called before each change: checks that the lock is still held. After 40 s without renewal nothing is changed until
 * Lease and record are confirmed again (release state row 23). `holder` is the holder of the record.
 *
 * @throws Fault `lock-lost`
 */
export async function ensureHeld(
  run: Run,
  namespace: string,
  lease: LeaseHold,
  release: StoredRelease,
  holder: string = run.identity.holder,
): Promise<void> {
  if (lease.held()) return;
  const newest = (await lease.confirm(run.signal))
    ? (await (await run.records(namespace)).list()).releases[0]
    : undefined;
  const ours =
    newest?.name === release.name &&
    newest.head.status === 'pending' &&
    responsible(newest.head).holder === holder;
  if (!ours) throw lockLost();
}

/** A write without a response may be retried much later, so the lock is checked before the retry. */
export function underLock(cluster: ClusterPort, ensureHeld: () => Promise<void>): ClusterPort {
  const repeat = { beforeRepeat: ensureHeld };
  return {
    ...cluster,
    apply: (object, options) => cluster.apply(object, { ...options, ...repeat }),
    patchManagedFields: (object, fields) => cluster.patchManagedFields(object, fields, repeat),
    rewrite: (live, wanted) => cluster.rewrite(live, wanted, repeat),
    delete: (reference, uid, options) => cluster.delete(reference, uid, { ...options, ...repeat }),
  };
}

/** The Fault of a run that may change nothing any more. */
export function lockLost(): Fault {
  return new Fault(
    'lock-lost',
    'The lock of this release was lost: its Lease could not be renewed for 40 seconds, or another run took it over.',
    'Run the job again: it takes over from this one by its record.',
  );
}

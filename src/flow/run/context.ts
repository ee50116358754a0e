/** Everything a run works with: settings, identity and adapters. Made by `src/wiring`, read by the phases. */
import type { Notice } from '../../domain/failure/notice.ts';
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import type { OutsideLists, Reach } from '../../domain/plan/scope.ts';
import type { RunIdentity } from '../../domain/release/record.ts';
import type { Settings } from '../../domain/settings/settings.ts';
import type { SmokeConfiguration } from '../../domain/smoke/configuration.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type { ApprovalsPort, JobsPort } from '../../ports/github.ts';
import type { OverlayRenderer } from '../../ports/overlay.ts';
import type { ProbesPort } from '../../ports/probes.ts';
import type { LeasePort, RecordsPort } from '../../ports/release-store.ts';
import type { Clock, Log } from '../../ports/runtime.ts';
import type { WatchPort } from '../../ports/watch.ts';
import { noticeLines } from '../../report/log/events.ts';
import type { LogClock } from '../../report/log/line.ts';
import type { Ledger } from './ledger.ts';

/** One run of one action: the ports are opened when they are first asked for, the ledger fills as it goes on. */
export interface Run {
  readonly settings: Settings;
  readonly configuration: {
    readonly clusters: readonly {
      readonly name: string;
      readonly uid: string;
      readonly environment: string;
    }[];
    readonly smoke: SmokeConfiguration;
    /** Which objects the overlay may have outside the release's namespace. */
    readonly outside: OutsideLists;
  };
  /** Owner of records and lock. */
  readonly app: string;
  readonly identity: RunIdentity;
  readonly clock: Clock;
  readonly log: Log;
  /** The current time, as used for log lines. */
  logClock(): LogClock;
  readonly ledger: Ledger;
  /** Aborted by SIGINT and SIGTERM: stop changing at once. */
  readonly signal: AbortSignal;
  readonly renderer: OverlayRenderer;
  /** The earlier release whose recorded objects are deployed in place of the overlay's. */
  readonly returnsTo?: string;
  readonly jobs: JobsPort;
  readonly approvals: ApprovalsPort;
  readonly probes: ProbesPort;
  /** The same connection each time. Throws a Fault if it cannot be made. */
  connect(): Promise<ClusterPort>;
  watch(): Promise<WatchPort>;
  records(namespace: string): Promise<RecordsPort>;
  lease(namespace: string): Promise<LeasePort>;
  /** Masks the values of these Secrets in all output. */
  hide(secrets: readonly KubernetesObject[]): void;
  sha256(text: string): string;
  /** Masks this text in all output: a password in a URL. */
  hideText(text: string): void;
  /** An environment variable of the job; its value is masked from then on. */
  variable(name: string): string | undefined;
  /** An earlier step of this job has started to deploy this app. */
  readonly hasSetOut: boolean;
  /** Records that for the later steps of this job. */
  setOut(): void;
  /** Saves state for post (kept even if this process is killed). */
  remember(name: 'release' | 'namespace' | 'holder', value: string): void;
}

/** How far a release of this run may reach. */
export function reachOf({ app, configuration }: Run, namespace: string): Reach {
  return { app, namespace, lists: configuration.outside };
}

/** Adds a notice, which fails nothing: at once in the log, later in summary and annotations. */
export function notice(run: Run, said: Notice): void {
  run.ledger.notices.push(said);
  for (const line of noticeLines(said, run.logClock())) run.log.line(line);
}

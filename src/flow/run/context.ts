/** Everything a run works with: what was asked, who asks, and the edges. Made by `actions`, read by the phases. */
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
    /** What the overlay may have outside the release's namespace. */
    readonly outside: OutsideLists;
  };
  /** Owner of records and lock. */
  readonly app: string;
  readonly identity: RunIdentity;
  readonly clock: Clock;
  readonly log: Log;
  /** Now, as log lines are stamped. */
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
  /** The same connection each time. Throws a Fault when there is none to be had. */
  connect(): Promise<ClusterPort>;
  watch(): Promise<WatchPort>;
  records(namespace: string): Promise<RecordsPort>;
  lease(namespace: string): Promise<LeasePort>;
  /** Makes sure that no value of these Secrets is ever shown. */
  hide(secrets: readonly KubernetesObject[]): void;
  sha256(text: string): string;
  /** Makes sure that this text is never shown: a password out of a URL. */
  hideText(text: string): void;
  /** An environment variable of the job; its value counts as a secret from then on. */
  variable(name: string): string | undefined;
  /** An earlier step of this job has set out to deploy this app. */
  readonly hasSetOut: boolean;
  /** Tells the later steps of this job. */
  setOut(): void;
  /** Hands something over to post (kept even if this process is killed). */
  remember(name: 'release' | 'namespace' | 'holder', value: string): void;
}

/** How far a release of this run may reach. */
export function reachOf({ app, configuration }: Run, namespace: string): Reach {
  return { app, namespace, lists: configuration.outside };
}

/** Something to know that fails nothing: at once in the log, later in summary and annotations. */
export function notice(run: Run, said: Notice): void {
  run.ledger.notices.push(said);
  for (const line of noticeLines(said, run.logClock())) run.log.line(line);
}

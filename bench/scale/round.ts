import type { KubectlRun } from './kubectl.ts';
import type { Latency } from './latency.ts';
import type { RequestCounts } from './requests.ts';

/** Durations are milliseconds, memory is bytes. */
export interface OrionFigures {
  readonly who: 'orion';
  /** `kubectl kustomize` of the same overlay as a process of its own: what rendering costs, which kubectl's apply contains. */
  readonly render: number;
  /** The apply phase alone. */
  readonly apply: number;
  /** From spawn to the end of the apply phase: nine checks, dry-runs, lock and record included. */
  readonly startToApplied: number;
  readonly startToEnd: number;
  readonly latency: Latency;
  readonly phases: Readonly<Record<string, number>>;
  readonly requests: RequestCounts;
  readonly peakMemory: number;
  readonly reportedMemory: number;
}

export interface KubectlFigures extends KubectlRun {
  readonly who: 'kubectl';
  readonly requests: number;
}

interface Works<Figures> {
  /** Into an empty namespace. */
  readonly install: Figures;
  /** Another image for all Deployments. */
  readonly update: Figures;
}

export interface Round {
  readonly number: number;
  readonly first: 'orion' | 'kubectl';
  readonly orion: Works<OrionFigures>;
  readonly kubectl: Works<KubectlFigures>;
}

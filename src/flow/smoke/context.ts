/** The context of smoke tests, and the result of one attempt. */
import type { Judgement } from '../../domain/smoke/judgement.ts';
import type { SmokeReport } from '../../domain/smoke/report.ts';
import { type Blocked, notReached } from '../../domain/smoke/tests/pod-routes.ts';
import type { ProbeFinding, ProbeRequest } from '../../domain/smoke/tests/probe.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type { InTurn } from './turns.ts';

/** A finding of the same kind as the request; undefined if no probe runs in this cluster, which is reported once. */
export type AskWithin = (request: ProbeRequest) => Promise<ProbeFinding | undefined>;

/** What the tests of one cluster, or of plain URLs, go by. */
export interface TestGround {
  /** Absent for plain URLs. */
  readonly inside?: {
    readonly cluster: ClusterPort;
    readonly namespace: string;
    /** Absent where nothing is asked from within the cluster. */
    readonly fromWithin?: AskWithin;
  };
  /** Milliseconds of each attempt. */
  readonly deadline: number;
  /** Retries after a failed attempt. */
  readonly retries: number;
  readonly parallel: number;
  /** Whether a pod exists and is not terminating. */
  isThere(pod: string): boolean;
  /** The IP address of a pod, as far as it is known. */
  addressOf?(pod: string): string | undefined;
  /** For what burdens this machine. */
  readonly inTurn?: InTurn;
}

/** What came of one try, with what was measured. */
export interface Try {
  readonly judgement: Judgement;
  readonly evidence: Partial<Pick<SmokeReport, 'route' | 'status' | 'milliseconds' | 'latency'>>;
  /** The obstacle of an inconclusive test may be transient. */
  readonly again?: boolean;
}

/** The inconclusive try of a test that could not be reached. */
export function blockedTry(title: string, blocked: Blocked): Try {
  const judgement = notReached(title, blocked);
  return { judgement, evidence: {}, ...(blocked.again === true ? { again: true } : {}) };
}

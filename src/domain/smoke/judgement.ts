import type { Reason } from '../failure/reasons.ts';
import type { SmokeOutcome } from './report.ts';

/** The judgement of one finding; the plan adds subject, place and time to make it a SmokeReport. */
export interface Judgement {
  readonly outcome: SmokeOutcome;
  /** Absent when it passed. */
  readonly reason?: Reason;
  /** One sentence with a full stop, expected versus actual. Untrusted text in it is not yet masked or escaped. */
  readonly message: string;
  readonly remedy?: string;
  /** One sentence on what passed but will soon fail. */
  readonly warning?: string;
  /** The first 200 characters of an unexpected response. */
  readonly body?: string;
  readonly facts?: Readonly<Record<string, string>>;
}

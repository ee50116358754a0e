import type { Reason } from '../failure/reasons.ts';
import type { SmokeOutcome } from './report.ts';

/** What a judge made of one finding; the plan adds who, where and when to make a SmokeReport of it. */
export interface Judgement {
  readonly outcome: SmokeOutcome;
  /** Absent when it passed. */
  readonly reason?: Reason;
  /** One sentence with its full stop, expected against actual. Untrusted text in it is neither masked nor escaped yet. */
  readonly message: string;
  readonly remedy?: string;
  /** One sentence on what passed but will not for long. */
  readonly warning?: string;
  /** The first 200 characters of an answer that was not the expected one. */
  readonly body?: string;
  readonly facts?: Readonly<Record<string, string>>;
}

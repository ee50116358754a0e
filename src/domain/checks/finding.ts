import type { Reason } from '../failure/reasons.ts';
import type { ObjectReference } from '../kubernetes/objects.ts';
import type { SourceLocation } from '../kubernetes/source-location.ts';
import type { CheckLevel } from '../settings/levels.ts';

/** The nine pre-checks, in the order of the design's table and of every report. */
export const checkNames = [
  'tools',
  'connectivity',
  'overlay',
  'secrets',
  'health',
  'context',
  'namespace',
  'resources',
  'history',
] as const;
/** One of the nine pre-checks, as the log and the result document name it. */
export type CheckName = (typeof checkNames)[number];

/** One result of a check. A passing check has one finding of level `pass`. */
export interface Finding {
  readonly level: CheckLevel;
  readonly reason: Reason;
  /** One sentence of cause. */
  readonly message: string;
  /** One sentence of remedy; empty if nothing has to be done. May contain YAML to paste after a line break. */
  readonly remedy: string;
  readonly object?: ObjectReference;
  readonly location?: SourceLocation;
}

/** The result of one pre-check, all findings included: those that pass too. */
export interface CheckResult {
  readonly check: CheckName;
  /** The worst level of the findings. */
  readonly level: CheckLevel;
  readonly findings: readonly Finding[];
  readonly milliseconds: number;
}

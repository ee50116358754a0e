import type { ObjectReference } from '../kubernetes/objects.ts';
import type { SourceLocation } from '../kubernetes/source-location.ts';
import type { Reason } from './reasons.ts';

/** A notice, which fails nothing: a server warning, a takeover. */
export interface Notice {
  readonly reason: Reason;
  readonly message: string;
  readonly remedy: string;
  readonly object?: ObjectReference;
  readonly location?: SourceLocation;
}

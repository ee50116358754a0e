import type { SourceLocation } from '../kubernetes/source-location.ts';
import type { Reason } from './reasons.ts';

/**
 * A stop that the user can act on: bad input, an unreachable cluster, a held lock. It is shown as one sentence of
 * cause and one of remedy, never with a stack trace. Everything else that is thrown is a bug of Orion
 * (`internal-error`).
 */
export class Fault extends Error {
  readonly reason: Reason;
  readonly remedy: string;
  readonly location: SourceLocation | undefined;

  constructor(
    reason: Reason,
    message: string,
    remedy: string,
    details: { cause?: unknown; location?: SourceLocation } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'Fault';
    this.reason = reason;
    this.remedy = remedy;
    this.location = details.location;
  }
}

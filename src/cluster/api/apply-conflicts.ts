import type { ApplyConflict } from '../../domain/plan/changes.ts';
import type { ApiError, StatusCause } from '../transport/api-error.ts';

/**
 * The conflicts of a server-side apply that was refused; empty when the 409 has another cause (a stale
 * resourceVersion). The server writes one cause per field: `conflict with "kubectl-client-side-apply" using apps/v1`,
 * the manager in Go's quotation, with ` with subresource "scale"` before the version and ` at <time>` after it, if
 * they apply.
 */
export function conflictsOf(error: ApiError): ApplyConflict[] {
  return error.causes
    .filter((cause) => cause.reason === 'FieldManagerConflict')
    .map((cause) => ({ manager: managerOf(cause), field: cause.field }));
}

function managerOf(cause: StatusCause): string {
  const quoted = /^conflict with ("(?:[^"\\]|\\.)*")/.exec(cause.message)?.[1];
  if (quoted === undefined) return '';
  try {
    return String(JSON.parse(quoted));
  } catch {
    // Go has escapes that JSON lacks (`\x00`).
    return quoted.slice(1, -1);
  }
}

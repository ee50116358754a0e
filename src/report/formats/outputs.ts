import type { ResultDocument } from '../../domain/result/document.ts';
import { countOutcomes } from '../../domain/smoke/report.ts';

/** Where the caller wrote the documents; empty if it did not. */
interface OutputPaths {
  readonly result?: string;
  readonly report?: string;
}

/** The outputs of an action by name; `passed`, `failed` and `skipped` count smoke tests. */
export function renderOutputs(result: ResultDocument, paths: OutputPaths = {}): Record<string, string> {
  const counts = countOutcomes(result.smoke);
  return {
    outcome: result.outcome,
    'exit-code': String(result.exitCode),
    reason: result.reason,
    release: result.release ?? '',
    'previous-release': result.previousRelease ?? '',
    'plan-digest': result.planDigest ?? '',
    changed: String(result.changed),
    passed: String(counts.passed),
    failed: String(counts.failed),
    // Nothing inconclusive is ever counted as passed.
    skipped: String(counts.skipped + counts.inconclusive),
    result: paths.result ?? '',
    ...(paths.report === undefined ? {} : { report: paths.report }),
  };
}

import type { ResultDocument } from '../domain/result.ts';

/** Where the caller wrote the documents; empty where it did not. */
export interface OutputPaths {
  readonly result?: string;
  readonly report?: string;
}

/** The outputs of DESIGN.md section 1 by name; `passed`, `failed` and `skipped` count the endpoints called. */
export function renderOutputs(result: ResultDocument, paths: OutputPaths = {}): Record<string, string> {
  const passed = result.endpoints.filter((endpoint) => endpoint.passed).length;
  return {
    outcome: result.outcome,
    'exit-code': String(result.exitCode),
    reason: result.reason,
    release: result.release ?? '',
    'previous-release': result.previousRelease ?? '',
    'plan-digest': result.planDigest ?? '',
    changed: String(result.changed),
    passed: String(passed),
    failed: String(result.endpoints.length - passed),
    skipped: '0',
    result: paths.result ?? '',
    ...(paths.report === undefined ? {} : { report: paths.report }),
  };
}

import type { ResultDocument } from '../../domain/result/document.ts';

/**
 * The versioned JSON document behind the `result` output. `version` is 1 as long as fields are only added. The result must be
 * redacted before.
 */
export function renderResultJson(result: ResultDocument): string {
  const { version, ...rest } = result;
  return `${JSON.stringify({ version, ...rest }, null, 2)}\n`;
}

import { titleOf } from '../../domain/kubernetes/objects.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import type { WorkloadReport } from '../../domain/verdict/workload-report.ts';

const maxNames = 5;

/**
 * After a failure: which unfinished workloads have available pods, of any release, and which have none. Empty where
 * that is not known, and after a rollback, which reports it itself.
 */
export function servingSentence({ outcome, workloads }: ResultDocument): string {
  const open = workloads.filter(({ state, serves }) => state !== 'current' && serves !== undefined);
  if (outcome !== 'failed' || open.length === 0) return '';
  const down = open.filter(({ serves }) => serves === false);
  const up = open.filter(({ serves }) => serves === true);
  return [
    down.length === 0 ? '' : `No available pod: ${names(down)}.`,
    up.length === 0 ? '' : `Still available: ${names(up)}.`,
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

function names(workloads: readonly WorkloadReport[]): string {
  const shown = workloads.slice(0, maxNames).map(({ reference }) => titleOf(reference));
  const more = workloads.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

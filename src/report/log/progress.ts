import { titleOf } from '../../domain/kubernetes/objects.ts';
import type { WorkloadReport } from '../../domain/verdict/workload-report.ts';
import { logText, shorten } from '../text/escape.ts';
import { stateCounts, worstFirst } from '../text/workload-order.ts';
import { type Colour, type LogClock, logLine, paint } from './line.ts';

const colours: Readonly<Record<WorkloadReport['state'], Colour>> = {
  failed: 'red',
  progressing: 'yellow',
  'not-started': 'grey',
  current: 'green',
};
const most = 10;
const slowest = 5;

function counts({ updated, ready, desired }: WorkloadReport): string {
  return `updated ${updated}/${desired} ready ${ready}/${desired} desired ${desired}`;
}

function workloadLine(workload: WorkloadReport, clock: LogClock): string {
  const name = logText(shorten(titleOf(workload.reference), 120)).padEnd(28);
  const restarts = workload.restarts > 0 ? ` restarts ${workload.restarts}` : '';
  const state = paint(workload.state.replace('-', ' '), colours[workload.state], clock);
  const message = workload.message === '' ? '' : `: ${logText(shorten(workload.message, 200))}`;
  return logLine(clock, `  ${name} ${counts(workload)}${restarts} ${state}${message}`);
}

/** How far the workload is from done: the share of pods not yet updated or not yet ready. */
function remaining({ updated, ready, desired }: WorkloadReport): number {
  return desired === 0 ? 0 : 1 - Math.min(updated, ready) / desired;
}

/**
 * One line per workload that is not done and a closing count; with more than ten unfinished, the five that are furthest
 * behind and a count of the others.
 */
export function progressLines(workloads: readonly WorkloadReport[], clock: LogClock): string[] {
  const unfinished = worstFirst(workloads).filter(({ state }) => state !== 'current');
  const current = workloads.length - unfinished.length;
  if (unfinished.length <= most) {
    const total = `${current} of ${workloads.length} workloads current`;
    return [...unfinished.map((workload) => workloadLine(workload, clock)), logLine(clock, `  ${total}`)];
  }
  const failedFirst = (workload: WorkloadReport): number =>
    workload.state === 'failed' ? 2 : remaining(workload);
  const shown = [...unfinished]
    .sort((left, right) => failedFirst(right) - failedFirst(left))
    .slice(0, slowest);
  const rest = workloads.filter((workload) => !shown.includes(workload));
  const others = `  … ${rest.length} more: ${stateCounts(rest)}`;
  return [...shown.map((workload) => workloadLine(workload, clock)), logLine(clock, others)];
}

import type { ResultDocument } from '../../domain/result/document.ts';
import type { PhaseTiming } from '../../domain/settings/phases.ts';
import { mermaidLabel } from '../text/escape.ts';
import { formatDuration } from '../text/format.ts';

const tags = { passed: 'done', warned: 'done', failed: 'crit', cancelled: 'crit' } as const;
const steps = [
  [1_000, '1second'],
  [5_000, '5second'],
  [15_000, '15second'],
  [60_000, '1minute'],
  [300_000, '5minute'],
  [900_000, '15minute'],
  [3_600_000, '1hour'],
] as const;

/** About six marks on the axis. */
function tickInterval(duration: number): string {
  const step = steps.find(([milliseconds]) => duration / milliseconds <= 8);
  return step?.[1] ?? '1day';
}

function task(timing: PhaseTiming, index: number): string {
  const took = formatDuration(timing.finishedAt - timing.startedAt);
  const ended = timing.result === 'failed' || timing.result === 'cancelled' ? ` ${timing.result}` : '';
  // A bar of no width is not drawn; mermaid refuses an end before the start.
  const end = Math.max(timing.finishedAt, timing.startedAt + 1);
  return `  ${mermaidLabel(timing.phase)}${ended} ${took} :${tags[timing.result]}, p${index}, ${timing.startedAt}, ${end}`;
}

/**
 * The phases as a mermaid gantt chart, once something was applied. Times are milliseconds since the epoch
 * (`dateFormat x`); the axis shows the reader's own time of day. Labels are phase names, never untrusted text.
 */
export function renderTimeline(result: ResultDocument): string {
  const { phases } = result;
  const applied = phases.some(({ phase }) => phase === 'apply');
  if (!applied) return '';
  const start = Math.min(...phases.map(({ startedAt }) => startedAt));
  const end = Math.max(...phases.map(({ finishedAt }) => finishedAt));
  const chart = [
    '```mermaid',
    'gantt',
    '  dateFormat x',
    '  axisFormat %H:%M:%S',
    `  tickInterval ${tickInterval(end - start)}`,
    ...phases.map(task),
    '```',
  ];
  return `### Timeline\n\n${chart.join('\n')}`;
}

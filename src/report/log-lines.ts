/** Everything the job log says, as functions of data and a clock reading; the caller writes the lines. */
export {
  changeLine,
  checkLines,
  diffLines,
  endpointLine,
  noticeLines,
  phaseEndLine,
  phaseStartLine,
} from './log-events.ts';
export { type LogClock, logLine } from './log-line.ts';
export { failureLines, outcomeLines } from './log-outcome.ts';
export { progressLines } from './log-progress.ts';

/**
 * GitHub drops a summary over 1 MiB entirely. These steps define what is cut first: the diff, then logs, then
 * workload rows.
 */

/** How much of each list and text the summary shows. */
export interface SummaryLimits {
  /** Characters of all diffs together, and lines of one. */
  readonly diffCharacters: number;
  readonly diffLines: number;
  /** Last lines of one log tail, and characters of one line. */
  readonly logLines: number;
  readonly logLineCharacters: number;
  readonly workloadRows: number;
  /** Causes, findings, endpoints, notices, next steps: entries of one list. */
  readonly entries: number;
  /** Characters of one sentence of untrusted text. */
  readonly sentence: number;
  /** The sentence that says what was cut; empty if nothing was. */
  readonly cut: string;
}

/** Bytes of UTF-8; leaves room for other output of the step. */
export const summaryBytes = 900 * 1024;

const comfortable: SummaryLimits = {
  diffCharacters: 300_000,
  diffLines: 400,
  logLines: 40,
  logLineCharacters: 400,
  workloadRows: 40,
  entries: 40,
  sentence: 1000,
  cut: '',
};
const noDiff = { ...comfortable, diffCharacters: 0, diffLines: 0, cut: 'the diff' };
const fewLogs = { ...noDiff, logLines: 10, logLineCharacters: 200, cut: 'the diff and most log lines' };
const fewRows = { ...fewLogs, workloadRows: 15, entries: 15, sentence: 300, cut: 'most of the details' };

/**
 * From what a summary normally contains to what always fits: 15 entries in each of 6 lists, each of a few sentences
 * of 300 characters and 10 log lines of 200, stay far below 900 KiB even if every character takes 12 bytes once it is
 * escaped.
 */
export const limitSteps: readonly SummaryLimits[] = [
  comfortable,
  { ...comfortable, diffCharacters: 50_000, diffLines: 60, cut: 'most of the diff' },
  noDiff,
  fewLogs,
  fewRows,
  { ...fewRows, logLines: 3, workloadRows: 5, entries: 5, sentence: 200 },
];

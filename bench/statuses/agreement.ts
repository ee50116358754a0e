/** How far our words agree with the health that others expect. */
import { isFinal, type Status, type StatusWord } from '../../src/domain/status/generic/status.ts';
import { type ExpectedWord, expectedWords, type HealthCase } from './cases.ts';

export interface Reading {
  readonly case: HealthCase;
  readonly given: Status;
}

export interface Agreement {
  readonly readings: readonly Reading[];
  readonly differences: readonly Reading[];
  /** Broken, unknown or missing, and called current. */
  readonly falseGreens: readonly Reading[];
  /** Sound, or stopped on purpose, and called failed. */
  readonly falseReds: readonly Reading[];
  /** Not called broken by its maintainers, and the release would end by it at once. */
  readonly endedEarly: readonly Reading[];
}

/** What our words may be where others say theirs: Argo's Progressing is also said of what is being deleted. */
const agreeing: Readonly<Record<ExpectedWord, readonly StatusWord[]>> = {
  Healthy: ['current'],
  Progressing: ['progressing', 'terminating'],
  Degraded: ['failed'],
  Suspended: ['progressing', 'current'],
  Missing: ['progressing', 'failed', 'terminating', 'unknown'],
  Unknown: ['progressing', 'failed', 'terminating', 'unknown'],
};
const neverGreen: readonly ExpectedWord[] = ['Degraded', 'Missing', 'Unknown'];
const neverRed: readonly ExpectedWord[] = ['Healthy', 'Suspended'];
const neverOver: readonly ExpectedWord[] = [...neverRed, 'Progressing'];

export function agreementOf(
  cases: readonly HealthCase[],
  statusOf: (object: HealthCase['object']) => Status,
): Agreement {
  const readings = cases.map((one) => ({ case: one, given: statusOf(one.object) }));
  const among = (words: readonly ExpectedWord[], word: StatusWord) =>
    readings.filter(({ case: { expected }, given }) => words.includes(expected) && given.word === word);
  return {
    readings,
    differences: readings.filter(({ case: { expected }, given }) => !agreeing[expected].includes(given.word)),
    falseGreens: among(neverGreen, 'current'),
    falseReds: among(neverRed, 'failed'),
    endedEarly: among(neverOver, 'failed').filter(({ given }) => isFinal(given)),
  };
}

/** Percent that agree, 100 of no cases. */
export function shareOf({ readings, differences }: Agreement): number {
  return readings.length === 0 ? 100 : 100 * (1 - differences.length / readings.length);
}

const givenWords: readonly StatusWord[] = ['current', 'progressing', 'terminating', 'failed', 'unknown'];

/** The table by expected and given word, then each difference. */
export function agreementLines(agreement: Agreement): readonly string[] {
  const { readings, differences, falseGreens, falseReds, endedEarly } = agreement;
  return [
    ...tableLines(readings),
    '',
    ...differences.flatMap(differenceLines),
    ...(differences.length === 0 ? [] : ['']),
    `${headline(agreement)}; ${differences.length} differ`,
    `False greens (broken, unknown or missing called current): ${falseGreens.length}`,
    `False reds (healthy or suspended called failed): ${falseReds.length}`,
    `Not broken, and called failed for good (would end a release at once): ${endedEarly.length}`,
  ];
}

/** `597 of 615 agree, 97.1 %`. */
export function headline(agreement: Agreement): string {
  const { readings, differences } = agreement;
  return `${readings.length - differences.length} of ${readings.length} agree, ${shareOf(agreement).toFixed(1)} %`;
}

function tableLines(readings: readonly Reading[]): readonly string[] {
  const row = (lead: string, cells: readonly string[]) =>
    lead.padEnd(13) + cells.map((cell) => cell.padStart(13)).join('');
  return [
    row('expected', givenWords),
    ...expectedWords.map((expected) => {
      const given = readings.filter((one) => one.case.expected === expected).map((one) => one.given.word);
      return row(
        expected,
        givenWords.map((word) => String(given.filter((one) => one === word).length)),
      );
    }),
  ];
}

function differenceLines({ case: { file, expected, said }, given }: Reading): readonly string[] {
  return [
    file,
    `    expected ${expected}: ${oneLine(said)}`,
    `    given    ${given.word} (${given.code}): ${oneLine(given.message)}`,
  ];
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
}

/** The judge: truth and evidence on one side, what a tool said and when on the other. It shares no code with what it judges. */
import { stripVTControlCharacters } from 'node:util';
import { firstEvidence, lastNeeded } from './evidence.ts';
import type { Difference } from './restored.ts';
import { milliseconds, type Scenario } from './scenario.ts';
import type { Write } from './writes.ts';

/** What a tool said. Moments are milliseconds since the epoch. */
export interface Statement {
  /** `none`: it had not spoken when its time was up. */
  readonly verdict: 'green' | 'red' | 'none';
  readonly startedAt: number;
  /** When it said so. */
  readonly at: number;
  readonly exitCode: number | null;
  /** The part of its output in which a cause can stand. */
  readonly explanation: string;
  /** Its own wait before green; milliseconds. */
  readonly settle: number;
}

export type Rightness = 'right' | 'false green' | 'false red' | 'no verdict';

export interface Judgement {
  readonly rightness: Rightness;
  /** Named where it explains its verdict; undefined where there is nothing to name. */
  readonly causeNamed?: boolean;
  /** Seconds from the evidence, the end of its budget, or the last needed change and settle; undefined if that cannot be told. */
  readonly seconds?: number;
  /** What else the truth file asks of this tool and was not so. */
  readonly faults: readonly string[];
  /** Objects that differ from before the deployment; undefined where that is not asked. */
  readonly notRestored?: readonly Difference[];
}

export interface Trial {
  readonly scenario: Scenario;
  readonly statement: Statement;
  readonly writes: readonly Write[];
  /** Writes of the tool itself, where they are counted. */
  readonly ownWrites?: readonly Write[];
  readonly expectedExitCode?: number;
  readonly differences?: readonly Difference[];
}

export function judge(trial: Trial): Judgement {
  const { scenario, statement, differences } = trial;
  const rightness = rightnessOf(scenario, statement);
  const seconds = rightness === 'right' ? secondsTo(trial) : undefined;
  const mustFail = isMeantToFail(scenario);
  return {
    rightness,
    ...(mustFail && { causeNamed: names(statement.explanation, scenario.cause) }),
    ...(seconds !== undefined && { seconds }),
    faults: faultsOf(trial),
    ...(mustFail && differences !== undefined && { notRestored: differences }),
  };
}

function isMeantToFail({ truth }: Scenario): boolean {
  return truth === 'broken' || truth === 'refused';
}

function rightnessOf(scenario: Scenario, { verdict }: Statement): Rightness {
  if (verdict === 'none') return 'no verdict';
  if (isMeantToFail(scenario)) return verdict === 'red' ? 'right' : 'false green';
  return verdict === 'green' ? 'right' : 'false red';
}

/** Every regular expression matches, ignoring case; colours are taken out first. */
export function names(output: string, cause: readonly string[]): boolean {
  const plain = stripVTControlCharacters(output);
  return cause.every((expression) => new RegExp(expression, 'i').test(plain));
}

function secondsTo({ scenario, statement, writes }: Trial): number | undefined {
  const from = momentOfTruth(scenario, statement, writes);
  return from === undefined ? undefined : (statement.at - from) / 1000;
}

/** From when on the verdict could be given; a verdict before its evidence counts from the evidence, as a negative number. */
export function momentOfTruth(
  scenario: Scenario,
  statement: Pick<Statement, 'at' | 'settle'>,
  writes: readonly Write[],
): number | undefined {
  if (!isMeantToFail(scenario)) {
    const last = scenario.settledBy && lastNeeded(writes, scenario.settledBy, statement.at);
    return last && last.at + statement.settle;
  }
  const evidence = scenario.evidence && firstEvidence(writes, scenario.evidence);
  return evidence && evidence.at + (scenario.budget === undefined ? 0 : milliseconds(scenario.budget));
}

function faultsOf({ scenario, statement, ownWrites, expectedExitCode }: Trial): string[] {
  const faults: string[] = [];
  if (
    expectedExitCode !== undefined &&
    statement.verdict !== 'none' &&
    statement.exitCode !== expectedExitCode
  )
    faults.push(`exit code ${statement.exitCode}, not ${expectedExitCode}`);
  const silent = scenario.truth === 'unchanged' || scenario.truth === 'refused';
  if (silent && ownWrites !== undefined && ownWrites.length > 0)
    faults.push(
      `wrote ${ownWrites.map(({ verb, resource, name }) => `${verb} ${resource} ${name}`).join(', ')}`,
    );
  return faults;
}

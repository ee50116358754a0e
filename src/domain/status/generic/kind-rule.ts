/** The form of the rules in `rules/*.ts`, and how one is read. */
import { conditionOf, fieldAt, sameValue } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { suspendedBySpec } from './by-fields.ts';
import { statusByWords } from './by-words.ts';
import { isUnreported, newestCondition, saidBy, unsaid, unsettled } from './generic.ts';
import { current, failed, progressing, type Status } from './status.ts';
import { spelled } from './vocabulary.ts';

/**
 * `done`: ran to its end. `failing`: broken as it stands and tried again, no reason to end a release at once. `failed`: the
 * controller has given up (see `isFinal`). `held`: stopped on purpose, as its spec asks. `paused`: waits for a person or for time.
 */
type Outcome = 'current' | 'done' | 'progressing' | 'failing' | 'failed' | 'held' | 'paused';

/** Values by outcome, those of one outcome separated by `|`. Case does not count; `*` at either end stands for any rest. */
type Words = Partial<Readonly<Record<Outcome, string>>>;

/**
 * Paths are names with dots between them, `*` for every entry of a list or a map, `~` for a dot within a name. What a clause does
 * not find and has no word for, the next one decides.
 */
type Clause = {
  /** The clause counts only for objects with one of these values. */
  readonly only?: { readonly path: string; readonly values: string };
} & (
  | {
      /** The values at a path, of which the worst counts. */
      readonly path: string;
      readonly is: Words;
      readonly otherwise?: Outcome;
      readonly missing?: Outcome;
      /** Where the text for it stands. */
      readonly said?: string;
    }
  | {
      /** Two paths that must lead to the same values, and to some. */
      readonly path: string;
      readonly equals: string;
      readonly differs: Outcome;
    }
  | {
      /** The status of a condition of this generation; the reasons go first, whatever the status. */
      readonly condition: string;
      readonly is?: Words;
      readonly reasons?: Words;
      readonly otherwise?: Outcome;
      readonly missing?: Outcome;
    }
  | {
      /** Two counts, of which the first must reach the second; a missing one is 0, both missing say nothing. */
      readonly count: string;
      readonly of: string;
      readonly short: Outcome;
    }
);

/** How the status of one or several kinds of custom resources is read. */
export interface KindRule {
  /** `Kind.group` each, separated by spaces; `*.group` is every other kind of a group, `*.*.group` those of every group below it. */
  readonly kinds: string;
  /** Its controller writes a status to every object: one without is progressing, and not of a kind that has none. */
  readonly reports?: boolean;
  /** The first that says something counts; the vocabulary decides where none does. */
  readonly clauses?: readonly Clause[];
  /** What it is where no clause says anything; absent: what the vocabulary says. */
  readonly otherwise?: Outcome;
}

const made: Readonly<Record<Outcome, (message: string) => Status>> = {
  current: (message) => current(message),
  done: (message) => current(message, 'complete'),
  progressing: (message) => progressing('not-ready', message),
  failing: (message) => failed('failing', message),
  failed: (message) => failed('failed', message),
  held: (message) => current(message, 'suspended'),
  paused: (message) => progressing('paused', message),
};

/** The worst first. */
const order: readonly Outcome[] = ['failed', 'failing', 'progressing', 'paused', 'held', 'current', 'done'];

/**
 * What deletion, suspension and an old generation mean is the same for all kinds and comes before the clauses, except that an
 * end stays one.
 */
export function statusByRule(rule: KindRule, object: KubernetesObject): Status {
  const early = unsettled(object) ?? suspendedBySpec(object);
  const own = firstOf(rule.clauses ?? [], object);
  // How it ended stays true while it is removed.
  const ended = own?.code === 'complete' || own?.code === 'failed';
  if (early !== undefined && !(ended && early.word === 'terminating')) return early;
  if (own !== undefined) return own;
  if (rule.otherwise !== undefined) return made[rule.otherwise]('nothing else reported');
  const told = statusByWords(object);
  if (told !== undefined) return told;
  return rule.reports === true && isUnreported(object)
    ? progressing('nothing-reported', 'its controller has not reported yet')
    : unsaid(object);
}

function firstOf(clauses: readonly Clause[], object: KubernetesObject): Status | undefined {
  for (const clause of clauses) {
    const status = statusByClause(clause, object);
    if (status !== undefined) return status;
  }
  return undefined;
}

function statusByClause(clause: Clause, object: KubernetesObject): Status | undefined {
  const { only } = clause;
  if (only !== undefined && !valuesAt(object, only.path).some((value) => isOneOf(value, only.values))) {
    return undefined;
  }
  if ('condition' in clause) return statusByCondition(clause, object);
  if ('count' in clause) return statusByCount(clause, object);
  if ('equals' in clause) {
    const [left, right] = [valuesAt(object, clause.path), valuesAt(object, clause.equals)];
    const same = left.length > 0 && sameValue(left, right);
    return same ? undefined : made[clause.differs](`${lastStep(clause.path)} is not as wanted yet`);
  }
  return statusByPath(clause, object);
}

type ClauseWith<Field extends string> = Extract<Clause, { readonly [field in Field]: unknown }>;

function statusByPath(clause: ClauseWith<'path' | 'is'>, object: KubernetesObject): Status | undefined {
  const { path, is, otherwise, missing, said } = clause;
  const found = valuesAt(object, path);
  if (found.length === 0) return missing && made[missing](`no ${lastStep(path)} yet`);
  const read = found.map((value) => ({ value, outcome: outcomeOf(is, value) ?? otherwise }));
  const worst = order.find((outcome) => read.some((one) => one.outcome === outcome));
  if (worst === undefined) return undefined;
  const value = read.find(({ outcome }) => outcome === worst)?.value ?? '';
  const text = said === undefined ? undefined : valuesAt(object, said)[0];
  return made[worst](text === undefined ? value : `${value}: ${text}`);
}

function statusByCount(clause: ClauseWith<'count'>, object: KubernetesObject): Status | undefined {
  const { count, of, short } = clause;
  const [counted, wanted] = [Number(valuesAt(object, count)[0] ?? 0), Number(valuesAt(object, of)[0] ?? 0)];
  return counted < wanted ? made[short](`${counted} of ${wanted} ${spelled(lastStep(count))}`) : undefined;
}

function statusByCondition(clause: ClauseWith<'condition'>, object: KubernetesObject): Status | undefined {
  const { condition: type, is = {}, reasons = {}, missing } = clause;
  if (conditionOf(object, type) === undefined) return missing && made[missing](`no condition ${type} yet`);
  const condition = newestCondition(object, type);
  if (condition === undefined) {
    return progressing('not-observed', `its condition ${type} is about an earlier generation`);
  }
  const outcome = outcomeOf(reasons, condition.reason) ?? outcomeOf(is, condition.status) ?? clause.otherwise;
  return outcome && made[outcome](saidBy(`${type} ${condition.status}`, condition));
}

function outcomeOf(words: Words, value: string): Outcome | undefined {
  return order.find((outcome) => isOneOf(value, words[outcome] ?? ''));
}

function isOneOf(value: string, words: string): boolean {
  const given = value.toLowerCase();
  return words
    .toLowerCase()
    .split('|')
    .some((word) => {
      const bare = word.replaceAll('*', '');
      if (word === '' || bare === word) return word !== '' && given === word;
      if (word.startsWith('*')) return word.endsWith('*') ? given.includes(bare) : given.endsWith(bare);
      return given.startsWith(bare);
    });
}

function valuesAt(value: unknown, path: string): readonly string[] {
  return textsAt(
    value,
    path.split('.').map((step) => step.replaceAll('~', '.')),
  );
}

/** Every text, number and flag as text; what is empty is not there. */
function textsAt(value: unknown, [step, ...rest]: readonly string[]): readonly string[] {
  if (step === undefined) {
    return value === null || value === undefined || value === '' || typeof value === 'object'
      ? []
      : [String(value)];
  }
  if (step !== '*') return textsAt(fieldAt(value, step), rest);
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap((one) => textsAt(one, rest));
}

function lastStep(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

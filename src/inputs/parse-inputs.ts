/** Parses `INPUT_*` variables into one readonly value, or throws one Fault that lists all problems. */
import type { z } from 'zod';
import { Fault } from '../domain/failure/fault.ts';
import type { Reason } from '../domain/failure/reasons.ts';
import { type Environment, profiles, type TestedEnvironment } from '../domain/settings/profile.ts';
import type { Settings } from '../domain/settings/settings.ts';
import { nearestName } from './nearest-name.ts';
import {
  type ActionName,
  actionEnvironments,
  actionNames,
  type InputEntry,
  inputsOf,
  isDeployAction,
} from './registry.ts';
import { type ParsedInputs, settingsSchema } from './settings-schema.ts';
import { hasControlCharacter, webhook } from './values.ts';

interface RawInputs {
  /** The environment of the process; `INPUT_*` and `GITHUB_WORKSPACE` are read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly action: ActionName;
}

/** One wrong input; both sentences are complete. */
export interface InputProblem {
  readonly input: string;
  readonly reason: Reason;
  readonly cause: string;
  readonly remedy: string;
}

/**
 * Reads the inputs as the runner passes them: `INPUT_` and the name in upper case, dashes kept. An empty value counts
 * as not set. Throws one Fault for all problems: a line of cause and a line of remedy each, in the same order; its
 * `cause` is the list of `InputProblem`. Values of secret inputs are never printed.
 */
export function parseInputs(raw: RawInputs): Settings {
  const given = givenInputs(raw.env);
  const known = inputsOf(raw.action);
  // The schema contains the inputs of every action.
  const [own, unknown] = apart(given, (name) => known.some((entry) => entry.name === name));
  const profile = profileNameOf(raw.action, own['environment']);
  const schema = settingsSchema(profile, raw.env['GITHUB_WORKSPACE'], environmentsOf(raw.action));
  const result = schema.safeParse(own);
  const problems = [
    ...(result.success ? [] : problemsOf(result.error, own, known)),
    ...Object.keys(unknown).map((name) => unknownInput(name, known)),
    ...known.filter(({ name, required }) => required && own[name] === undefined).map(missingInput),
  ];
  if (!result.success || problems.length > 0) throw faultOf(problems);
  return toSettings(raw.action, profile, result.data);
}

/** The environment, as far as it is known from inputs that may be invalid. */
export function claimedEnvironment(action: ActionName, env: RawInputs['env']): TestedEnvironment {
  const said = givenInputs(env)['environment'];
  return action === 'smoke-tests' && said === 'local' ? 'local' : profileNameOf(action, said);
}

/** The webhook for failures, including those of other inputs; undefined if there is none or its URL is invalid. */
export function claimedWebhook(env: RawInputs['env']): string | undefined {
  const said = givenInputs(env)['slack-webhook'];
  return said === undefined ? undefined : webhook.safeParse(said).data;
}

/**
 * Deploying actions have a fixed profile; smoke tests use that of the tested environment, and `local` that of
 * staging.
 */
function profileNameOf(action: ActionName, environment: string | undefined): Environment {
  if (isDeployAction(action)) return actionEnvironments[action];
  return environment === 'production' ? 'production' : 'staging';
}

function environmentsOf(action: ActionName): readonly TestedEnvironment[] {
  return action === 'smoke-tests' ? ['staging', 'production', 'local'] : ['staging', 'production'];
}

function missingInput({ name, description }: InputEntry): InputProblem {
  const cause = `Input ${name} is missing.`;
  return { input: name, reason: 'bad-input', cause, remedy: `For ${name}: ${description}` };
}

function apart(
  given: Readonly<Record<string, string>>,
  belongs: (name: string) => boolean,
): readonly [Record<string, string>, Record<string, string>] {
  const entries = Object.entries(given);
  return [
    Object.fromEntries(entries.filter(([name]) => belongs(name))),
    Object.fromEntries(entries.filter(([name]) => !belongs(name))),
  ];
}

/** Names as the user wrote them, in lower case, without the empty ones. */
function givenInputs(env: RawInputs['env']): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [variable, value] of Object.entries(env)) {
    if (variable.startsWith('INPUT_') && value !== undefined && value.trim() !== '') {
      given[variable.slice('INPUT_'.length).toLowerCase()] = value.trim();
    }
  }
  return given;
}

function problemsOf(
  error: z.ZodError,
  given: Readonly<Record<string, string>>,
  known: readonly InputEntry[],
): InputProblem[] {
  return error.issues.map((issue) => {
    const input = String(issue.path[0]);
    const params: Record<string, unknown> = issue.code === 'custom' ? (issue.params ?? {}) : {};
    const value = given[input];
    const shown = value === undefined || isSecret(input, known) ? '' : ` (${quoted(value)})`;
    return {
      input,
      reason: 'bad-input',
      cause: `Input ${input}${shown} ${issue.message}.`,
      remedy: `For ${input}, ${String(params['remedy'] ?? 'see the table of inputs')}.`,
    };
  });
}

function unknownInput(name: string, known: readonly InputEntry[]): InputProblem {
  const names = known.map((entry) => entry.name);
  const nearest = nearestName(name, names);
  const shown = quoted(name);
  const cause = `Input ${shown} is not one of this action's.`;
  const problem = { input: name, reason: 'unknown-input' as const, cause };
  const others = actionNames.filter((action) => inputsOf(action).some((entry) => entry.name === name));
  if (others.length > 0)
    return { ...problem, remedy: `Remove ${shown}; it belongs to ${others.join(', ')}.` };
  if (nearest !== undefined) return { ...problem, remedy: `Did you mean ${nearest}?` };
  return { ...problem, remedy: `Remove ${shown}, or use one of ${names.join(', ')}.` };
}

function isSecret(name: string, known: readonly InputEntry[]): boolean {
  return known.find((entry) => entry.name === name)?.secret === true;
}

/** Untrusted text in a sentence: quoted, without control characters, at most 60 characters. */
function quoted(value: string): string {
  const shortened = value.length > 60 ? `${value.slice(0, 59)}…` : value;
  const clean = [...shortened].map((character) => (hasControlCharacter(character) ? '�' : character));
  return `"${clean.join('')}"`;
}

function faultOf(problems: readonly InputProblem[]): Fault {
  const reasons = new Set(problems.map((problem) => problem.reason));
  const [first] = reasons;
  const reason = reasons.size === 1 && first !== undefined ? first : 'bad-input';
  const lines = (part: 'cause' | 'remedy'): string => problems.map((problem) => problem[part]).join('\n');
  return new Fault(reason, lines('cause'), lines('remedy'), { cause: problems });
}

function toSettings(action: ActionName, name: Environment, parsed: ParsedInputs): Settings {
  const { environment, service = [], slackWebhook: _webhook, ...settings } = camelCased(parsed);
  return {
    ...settings,
    action,
    environment: isDeployAction(action) ? name : environment,
    profile: profiles[name],
    services: service,
  };
}

/** `max-latency` becomes `maxLatency`. */
type CamelCase<Name> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Name;

type Optional<Values> = { [Key in keyof Values]: undefined extends Values[Key] ? Key : never }[keyof Values];

type CamelCased<Values> = {
  readonly [Key in Exclude<keyof Values, Optional<Values>> as CamelCase<Key>]: Values[Key];
} & { readonly [Key in Optional<Values> as CamelCase<Key>]?: Exclude<Values[Key], undefined> };

/** Settings are named as their inputs are; an input that was not given is absent. */
function camelCased(values: ParsedInputs): CamelCased<ParsedInputs> {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  const named = given.map(([name, value]) => [
    name.replace(/-(\w)/g, (_match, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(named) as CamelCased<ParsedInputs>;
}

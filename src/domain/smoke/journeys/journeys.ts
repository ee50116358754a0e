/** One step of a journey: replaces its placeholders, captures values of its response, and judges it. Pure. */
import type { JsonValue } from '../../kubernetes/objects.ts';
import { parseExpression, valuesAt } from '../../status/generic/expressions.ts';
import type { AnswerExpectations, Capture, ConfiguredStep } from '../configuration.ts';
import { judgeAnswer } from '../http/expectations.ts';
import type { HttpAnswer, HttpRequest } from '../http/http-answer.ts';
import type { Judgement } from '../judgement.ts';
import { mapValues } from '../map-values.ts';

/** Variables and what was captured so far, by name. */
export type JourneyValues = Readonly<Record<string, string>>;

const placeholder = /\$\{([^}]*)\}/g;

/** The names between `${` and `}` in all texts of a step. */
export function placeholdersIn(step: Omit<ConfiguredStep, 'service' | 'capture'>): readonly string[] {
  const names = new Set<string>();
  const note = (name: string): string => {
    names.add(name);
    return '';
  };
  request(step, note);
  expectations(step.expect, note);
  return [...names];
}

/** The step with placeholders replaced by values: percent-encoded in its path and in forms, escaped in patterns. */
export function expanded(
  step: ConfiguredStep,
  values: JourneyValues,
): { readonly request: HttpRequest; readonly expect: AnswerExpectations } {
  const fill = (name: string): string => values[name] ?? '';
  return { request: request(step, fill), expect: expectations(step.expect, fill) };
}

type Fill = (name: string) => string;

function filled(text: string, fill: Fill, encode = (value: string): string => value): string {
  return text.replaceAll(placeholder, (_, name: string) => encode(fill(name)));
}

function request(step: Omit<ConfiguredStep, 'service' | 'capture'>, fill: Fill): HttpRequest {
  const { method, path, requestHeaders, requestBody } = step;
  const headers = mapValues(requestHeaders, (text) => filled(text, fill));
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  const isText = typeof requestBody === 'string';
  const encode = /x-www-form-urlencoded/i.test(type ?? '') ? encoded : undefined;
  return {
    method,
    path: filled(path, fill, encoded),
    headers: {
      ...(requestBody === undefined || isText || type !== undefined
        ? {}
        : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(requestBody === undefined
      ? {}
      : {
          body: isText ? filled(requestBody, fill, encode) : JSON.stringify(filledJson(requestBody, fill)),
        }),
  };
}

function encoded(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}

function filledJson(value: JsonValue, fill: Fill): JsonValue {
  if (typeof value === 'string') return filled(value, fill);
  if (Array.isArray(value)) return value.map((item: JsonValue) => filledJson(item, fill));
  if (typeof value !== 'object' || value === null) return value;
  return mapValues(value as Readonly<Record<string, JsonValue>>, (item) => filledJson(item, fill));
}

function expectations(expect: AnswerExpectations, fill: Fill): AnswerExpectations {
  const { headers, json, body } = expect;
  const inPattern = (text: string): string => filled(text, fill, (value) => RegExp.escape(value));
  const isPattern = (text: string): boolean => /^\/.*\/$/s.test(text);
  return {
    ...expect,
    ...(headers === undefined
      ? {}
      : {
          headers: mapValues(headers, (text) => (isPattern(text) ? inPattern(text) : filled(text, fill))),
        }),
    ...(json === undefined
      ? {}
      : { json: mapValues(json, (one) => (typeof one === 'string' ? filled(one, fill) : one)) }),
    ...(body === undefined ? {} : { body: inPattern(body) }),
  };
}

interface Captured {
  readonly values: JourneyValues;
  /** Captures that the response did not contain, by name. */
  readonly missing: readonly string[];
}

/** The values that an answer was to bring, and the names of those that it did not. */
export function capturedOf(captures: Readonly<Record<string, Capture>>, answer: HttpAnswer): Captured {
  const found = Object.entries(captures).map(([name, capture]) => [name, valueIn(capture, answer)] as const);
  return {
    values: Object.fromEntries(
      found.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    ),
    missing: found.flatMap(([name, value]) => (value === undefined ? [name] : [])),
  };
}

function valueIn(capture: Capture, answer: HttpAnswer): string | undefined {
  const whole =
    'header' in capture ? answer.headers[capture.header.toLowerCase()]?.[0] : jsonAt(capture.json, answer);
  if (whole === undefined || capture.pattern === undefined) return whole;
  const match = new RegExp(capture.pattern).exec(whole);
  return match?.[1] ?? match?.[0];
}

/** Texts unchanged, numbers and booleans as in JSON; other values cannot be inserted into a text. */
function jsonAt(path: string, { body }: HttpAnswer): string | undefined {
  const expression = parseExpression(`{${path}}`);
  if (!('kind' in expression) || expression.kind !== 'path') return undefined;
  const document = parsed(body);
  const [value] =
    typeof document === 'object' && document !== null ? valuesAt(expression.path, document) : [];
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/**
 * Judges one step; `subject` begins the sentence. The response of a step with captures may contain other secrets: its
 * body is never shown. `secrets` are removed from everything else that is quoted, including those too short for a
 * mask.
 */
export function judgeStep(
  subject: string,
  { capture }: Pick<ConfiguredStep, 'capture'>,
  answer: HttpAnswer,
  given: {
    readonly expect: AnswerExpectations;
    readonly missing: readonly string[];
    readonly secrets: readonly string[];
    readonly now: number;
  },
): Judgement {
  const { body, ...judged } = judgeAnswer(subject, answer, given.expect, given.now);
  const [missing] = given.missing;
  if (judged.outcome === 'passed' && missing !== undefined) return notCaptured(subject, missing, capture);
  const isShown = body !== undefined && Object.keys(capture).length === 0;
  // Only where the sentence quotes the response: in our own text, a secret of one or two characters would remove parts of words.
  const words = judged.message.slice(subject.length);
  const said = blotted(
    words,
    given.secrets.filter(({ length }) => length > 3),
  );
  const shown = { ...judged, message: `${subject}${said}` };
  return isShown ? { ...shown, body: blotted(body, given.secrets) } : shown;
}

function notCaptured(subject: string, name: string, captures: Readonly<Record<string, Capture>>): Judgement {
  const capture = captures[name];
  const [reason, where] =
    capture !== undefined && 'header' in capture
      ? (['header-unexpected', `header ${capture.header}`] as const)
      : (['body-unexpected', capture?.json ?? ''] as const);
  const match = capture?.pattern === undefined ? '' : ` that matches ${capture.pattern}`;
  return {
    outcome: 'failed',
    reason,
    message: `${subject} answered without the ${where}${match} that later steps need as ${name}.`,
    remedy: 'Correct `capture` in orion.yaml, or check the log of the service: its response is not shown.',
  };
}

function blotted(text: string, secrets: readonly string[]): string {
  const longest = secrets
    .filter((secret) => secret.length > 0)
    .toSorted((one, other) => other.length - one.length);
  return longest.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}

/** Cookies of one service by name. */
export type Cookies = ReadonlyMap<string, string>;

/** Merges the cookies that a response sets; expired ones are removed. `now` is milliseconds since the epoch. */
export function cookiesAfter(before: Cookies, { headers }: HttpAnswer, now: number): Cookies {
  const after = new Map(before);
  for (const line of headers['set-cookie'] ?? []) {
    const [pair = '', ...attributes] = line.split(';');
    const at = pair.indexOf('=');
    if (at < 1) continue;
    const name = pair.slice(0, at).trim();
    if (attributes.some((one) => isOver(one, now))) after.delete(name);
    else after.set(name, pair.slice(at + 1).trim());
  }
  return after;
}

function isOver(attribute: string, now: number): boolean {
  const [name = '', value = ''] = attribute.split(/=(.*)/s);
  if (/^\s*max-age\s*$/i.test(name)) return Number(value) <= 0;
  return /^\s*expires\s*$/i.test(name) && Date.parse(value) <= now;
}

/** Adds them to the request, unless it has a Cookie header. */
export function withCookies({ headers = {}, ...rest }: HttpRequest, cookies: Cookies): HttpRequest {
  const hasOwn = Object.keys(headers).some((name) => name.toLowerCase() === 'cookie');
  if (hasOwn || cookies.size === 0) return { ...rest, headers };
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return { ...rest, headers: { ...headers, cookie } };
}

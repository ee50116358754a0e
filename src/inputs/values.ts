/** One zod schema per type of value: parses the text of an input. A message completes "Input x …". */
import { isAbsolute, posix, relative } from 'node:path';
import { z } from 'zod';
import { maxDuration, parseDuration } from './duration.ts';

/** zod issue parameters of an invalid value: cause and remedy, both sentence fragments without the input's name. */
interface ValueProblem {
  readonly cause: string;
  readonly remedy: string;
}

/** A schema from a function that returns the value or the problem of the text. */
function fromText<Value>(parse: (text: string) => { value: Value } | ValueProblem): z.ZodType<Value, string> {
  return z.string().transform((text, context) => {
    const result = parse(text);
    if ('value' in result) return result.value;
    context.addIssue({ code: 'custom', message: result.cause, params: { remedy: result.remedy } });
    return z.NEVER;
  });
}

/** `300ms`, `5s` or `10m` to milliseconds: at least `least`, at most what a job can run (360 minutes). */
export function duration(limits: { readonly least: number }): z.ZodType<number, string> {
  return fromText((text) => {
    const value = parseDuration(text);
    const remedy = 'write a whole number and a unit: 300ms, 5s or 10m';
    if (value === undefined) return { cause: 'is not a duration', remedy };
    if (value < limits.least)
      return { cause: 'is too short', remedy: 'write a duration above zero, such as 5s' };
    if (value > maxDuration) return { cause: 'is longer than a job can run', remedy: 'write 360m or less' };
    return { value };
  });
}

/** YAML 1.2 core: true, True, TRUE, false, False, FALSE; nothing else (not yes, on or 1). */
export const boolean = fromText((text) => {
  if (/^(true|True|TRUE)$/.test(text)) return { value: true };
  if (/^(false|False|FALSE)$/.test(text)) return { value: false };
  return { cause: 'is not a boolean', remedy: 'write true or false' };
});

/** Digits alone, without a sign or a fraction; both limits are allowed values. */
export function integer(least: number, most: number): z.ZodType<number, string> {
  return fromText((text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return { value };
    return {
      cause: `is not a whole number from ${least} to ${most}`,
      remedy: `write a whole number from ${least} to ${most}`,
    };
  });
}

/** One of these words, in exactly this spelling. */
export function choice<const Choices extends readonly string[]>(
  choices: Choices,
): z.ZodType<Choices[number], string> {
  return fromText((text) => {
    const value = choices.find((candidate) => candidate === text);
    if (value !== undefined) return { value };
    return { cause: 'is not one of the choices', remedy: `write ${orList(choices)}` };
  });
}

/** Separated by commas or line breaks; whitespace around entries, empty entries and duplicates are removed. */
export const list = fromText((text) => {
  const entries = text.split(/[,\r\n]/).map((entry) => entry.trim());
  return { value: [...new Set(entries.filter((entry) => entry !== ''))] };
});

/** RFC 1123 label, what a namespace must be. */
export const dnsLabel = fromText((text) => {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return { value: text };
  return {
    cause: 'is not a DNS label',
    remedy: 'write 1 to 63 lower-case letters, digits and dashes that begin and end with a letter or digit',
  };
});

/**
 * A path inside the workspace, returned relative to it with `/`. An absolute path inside is allowed. Only the text is
 * checked: callers that open it must check symbolic links.
 */
export function workspacePath(workspace: string | undefined): z.ZodType<string, string> {
  return fromText((text) => {
    const outside = {
      cause: 'is outside the workspace',
      remedy: 'write a path that stays inside it',
    };
    if (hasControlCharacter(text)) return { cause: 'holds a control character', remedy: outside.remedy };
    if (isAbsolute(text) && workspace === undefined) return outside;
    const path = posix.normalize(isAbsolute(text) ? relative(workspace ?? '/', text) || '.' : text);
    if (path === '..' || path.startsWith('../') || isAbsolute(path)) return outside;
    return { value: path.length > 1 ? path.replace(/\/$/, '') : path };
  });
}

/** One line of text, as a name or a digest is. */
export const line = fromText((text) => {
  if (!hasControlCharacter(text) && text.length <= 1024) return { value: text };
  return { cause: 'is not one line of at most 1,024 characters', remedy: 'write it on one line' };
});

export const digest = fromText((text) => {
  if (/^(sha256:)?[0-9a-f]{12,64}$/.test(text)) return { value: text };
  return { cause: 'is not a plan digest', remedy: 'pass the output plan-digest of the preview as it is' };
});

/** A URL that is a secret: only https, except for localhost. */
export const webhook = fromText((text) => {
  const url = URL.parse(text);
  const local = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && local)) return { value: text };
  return {
    cause: 'is not an https URL',
    remedy: 'pass the URL of the webhook as Slack shows it, from a secret of the repository',
  };
});

/** A secret that signs: what is shorter could be guessed by whoever sees a signature. */
export const key = fromText((text) => {
  if (text.length >= 32) return { value: text };
  return {
    cause: 'has fewer than 32 characters',
    remedy: 'store the output of `openssl rand -hex 32` as a secret of the repository and pass that',
  };
});

/** Any text: kubeconfig and token are checked where they are used. */
export const text = z.string();

/** Line breaks and tabs count too: such a text would break out of a log line or a command. */
export function hasControlCharacter(value: string): boolean {
  return /\p{Cc}/u.test(value);
}

function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

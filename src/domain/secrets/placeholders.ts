/** Values that stand for a secret which nobody has filled in yet. The one list of them. */

/** Whole values, compared without case, without the quotes that envs files keep, and without blanks around them. */
const words: readonly RegExp[] = [
  /^change[-_ ]?(me|this|it)(now|please)?[!.]*$/,
  /^please[-_ ]?change([-_ ]?(me|this|it))?[!.]*$/,
  /^to[-_ ]?be[-_ ]?(changed|replaced|defined|set|filled( in)?)$/,
  /^(todo|fixme|tbd|tba)([-_: ].*)?$/,
  /^x{3,}$/,
  /^\*{3,}$/,
  /^(\.{3,}|…)$/,
  /^(placeholder|example|sample|dummy|redacted|unset|undefined)$/,
  /^(example|sample|dummy|placeholder|fake)[-_ ]?(value|secret|password|token|key)$/,
  /^(replace|fill|edit)[-_ ]?(me|this|in|it)([-_ ].*)?$/,
  /^(replace|fill[-_ ]in)[-_ ]with[-_ ].*$/,
  /^(your|my)[-_ ].*[-_ ]here$/,
  /^your[-_ ]([-_ a-z]*[-_ ])?(value|secret|password|token|key)$/,
  /^(insert|enter|put|add|set|paste)[-_ ].*[-_ ]here$/,
  /^<[^<>]*>$/,
  /^\{\{[^{}]*\}\}$/,
  /^__[a-z0-9_]+__$/,
];

/** The password part of a URL, without a parser: `${DB_PASSWORD}` and `<password>` are not legal in one. */
const passwordInUrl = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@:\s]*:(.*)@[^@]*$/is;

/**
 * What a value stands for: a `placeholder` for a secret that nobody has filled in; the name of a `variable`, which the program, or
 * whoever starts it, may well replace; nothing at all, which many programs read as "switched off". Undefined: a secret. Of a URL
 * its password counts too.
 */
export type Doubt = 'placeholder' | 'variable' | 'empty';

/** What stands in the place of a secret; undefined where the value looks like one. */
export function doubtOf(value: string): Doubt | undefined {
  const plain = unquote(value.trim());
  const password = passwordInUrl.exec(plain)?.[1];
  // An empty password in a URL is how many write that there is none.
  return doubtOfWord(plain) ?? (password === undefined ? undefined : doubtOfWord(decoded(password)));
}

function doubtOfWord(value: string): Doubt | undefined {
  const word = value.trim().toLowerCase();
  if (word === '') return 'empty';
  if (/^\$\{[^{}]*\}$/.test(word)) return 'variable';
  return words.some((pattern) => pattern.test(word)) ? 'placeholder' : undefined;
}

function unquote(value: string): string {
  return /^(["'])(.*)\1$/s.exec(value)?.[2] ?? value;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

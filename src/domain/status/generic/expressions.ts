/** One expression of `orion.dev/ready-when` or `orion.dev/failed-when`, in the words of `kubectl wait --for`. */
import { JSONPath } from 'jsonpath-plus';
import { listAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { newestCondition } from './generic.ts';

/** A parsed expression; `text` is how the user wrote it, for messages. Without `value` the path has to exist. */
export type Expression =
  | { readonly kind: 'condition'; readonly text: string; readonly type: string; readonly status: string }
  | { readonly kind: 'path'; readonly text: string; readonly path: string; readonly value?: string };

/** What cannot be read; `why` ends a sentence that begins with the expression. */
export interface Unreadable {
  readonly text: string;
  readonly why: string;
}

const conditionForm = /^condition=([^=\s]+)(?:=(\w+))?$/;
const pathForm = /^(?:jsonpath=)?(['"]?)\{(.*)\}\1(?:=(.*))?$/;

/**
 * The part of JSONPath that is alike in kubectl and everywhere else: names (dots in them escaped by a backslash), indexes,
 * quoted names and `*`. No filters and no scripts, so nothing in an overlay is ever run as code.
 */
const pathSteps = /^\$?(?:\.(?:[\w$/-]|\\\.)+|\.\*|\[(?:\d+|\*|'[^'\]`]+'|"[^"\]`]+")\])+$/;

/** Parses one expression; what cannot be read comes back with the reason, never as a throw. */
export function parseExpression(text: string): Expression | Unreadable {
  const condition = conditionForm.exec(text);
  if (condition !== null) {
    return { kind: 'condition', text, type: condition[1] ?? '', status: condition[2] ?? 'True' };
  }
  const parts = pathForm.exec(text);
  if (parts === null) return { text, why: 'is neither a condition nor a JSONPath in braces' };
  const path = (parts[2] ?? '').trim();
  if (path.includes('?(') || path.includes('[(')) {
    return { text, why: 'has a filter, which is not supported' };
  }
  if (!pathSteps.test(path)) return { text, why: 'has a path that cannot be read' };
  if (parts[3] === undefined) return { kind: 'path', text, path: normalised(path) };
  const value = unquoted(parts[3].trim());
  if (value === '') return { text, why: 'has nothing behind its last equals sign' };
  return { kind: 'path', text, path: normalised(path), value };
}

/** Tells a parsed expression from one that could not be read. */
export function isReadable(parsed: Expression | Unreadable): parsed is Expression {
  return 'kind' in parsed;
}

/** In the library's words: from the root, names with dots and other signs in quotes. */
function normalised(path: string): string {
  const steps = path.replace(/^\$/, '').replaceAll(/\.((?:[\w$/-]|\\\.)+)/g, (_, name: string) => {
    return `['${name.replaceAll('\\.', '.')}']`;
  });
  return `$${steps.replaceAll(/\["([^"]+)"\]/g, "['$1']")}`;
}

function unquoted(text: string): string {
  return /^(['"])(.*)\1$/.exec(text)?.[2] ?? text;
}

/**
 * Whether it holds now. A condition is compared as kubectl does, case aside, and one about an earlier generation does not hold.
 * A path without a value holds if it leads to something that is not empty; with a value, if all that it leads to is that text,
 * number or boolean, and it leads to something.
 */
export function holds(expression: Expression, object: KubernetesObject): boolean {
  if (expression.kind === 'condition') {
    const type = listAt(object, 'status', 'conditions')
      .map((one) => textAt(one, 'type') ?? '')
      .find((one) => one.toLowerCase() === expression.type.toLowerCase());
    const condition = type === undefined ? undefined : newestCondition(object, type);
    return condition?.status.toLowerCase() === expression.status.toLowerCase();
  }
  const found = valuesAt(expression.path, object);
  const { value } = expression;
  if (value === undefined) return found.some((one) => !isEmpty(one));
  return found.length > 0 && found.every((one) => typeof one !== 'object' && String(one) === value);
}

/** All that a normalised path leads to; the path must come from `parseExpression`. */
export function valuesAt(path: string, object: object): readonly unknown[] {
  const found: unknown = JSONPath({ path, json: object, wrap: true, eval: false });
  return listAt(found);
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

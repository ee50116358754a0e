/** Masks secret values in text and in the whole result, before anything is rendered or written. */
import type { ResultDocument } from '../../domain/result/document.ts';
import { closedWords } from './contract-values.ts';
import { minMaskLength, type SecretValues } from './secret-values.ts';

const mask = '***';

/** Hash of three characters, to skip most places without cutting a string out of the text. */
function fingerprint(text: string, at: number): number {
  return (text.charCodeAt(at) * 961 + text.charCodeAt(at + 1) * 31 + text.charCodeAt(at + 2)) & 0xffff;
}

const fingerprintsOf = new WeakMap<SecretValues, Uint8Array>();

function fingerprintTable(values: SecretValues): Uint8Array {
  const known = fingerprintsOf.get(values);
  if (known) return known;
  const table = new Uint8Array(0x10000);
  for (const prefix of values.byPrefix.keys()) table[fingerprint(prefix, 0)] = 1;
  fingerprintsOf.set(values, table);
  return table;
}

/**
 * The end of the longest form that starts at `at`, or `at` if there is none. Forms that end before `covered` are
 * ignored.
 */
function matchEnd(text: string, at: number, covered: number, values: SecretValues): number {
  const candidates = values.byPrefix.get(text.slice(at, at + minMaskLength));
  if (!candidates) return at;
  const { forms, lengths } = candidates;
  const found = lengths.find((length) => at + length > covered && forms.has(text.slice(at, at + length)));
  return at + (found ?? 0);
}

function spansToMask(text: string, values: SecretValues): { start: number; end: number }[] {
  const table = fingerprintTable(values);
  const spans: { start: number; end: number }[] = [];
  let covered = -1;
  for (let at = 0; at <= text.length - minMaskLength; at += 1) {
    if (table[fingerprint(text, at)] === 0) continue;
    const end = matchEnd(text, at, covered, values);
    if (end === at) continue;
    const last = spans.at(-1);
    if (last && at <= covered) last.end = end;
    else spans.push({ start: at, end });
    covered = end;
  }
  return spans;
}

/** Replaces every form of every value by `***`; overlapping or adjacent values become one mask. */
export function redact(text: string, values: SecretValues): string {
  if (values.byPrefix.size === 0 || text.length < minMaskLength) return text;
  const spans = spansToMask(text, values);
  const shown = spans.map(({ start }, index) => text.slice(spans[index - 1]?.end ?? 0, start));
  return spans.length === 0 ? text : [...shown, text.slice(spans.at(-1)?.end)].join(mask);
}

function redactValue(value: unknown, field: string, values: SecretValues): unknown {
  if (typeof value === 'string') return closedWords[field]?.has(value) ? value : redact(value, values);
  if (Array.isArray(value)) return value.map((item) => redactValue(item, field, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, redactValue(item, name, values)]),
  );
}

/** The result with every string masked; numbers, and words of the contract's closed sets, stay. */
export function redactResult(result: ResultDocument, values: SecretValues): ResultDocument {
  return redactValue(result, '', values) as ResultDocument;
}

/** Lines to errors: a fold over the lines of one container, in which a stack trace is one error, told by its header. */
import { levelOf } from './level.ts';

/** What the next line may belong to. */
export interface LineContext {
  /** The line before: counted as an error, said to be less, or unsaid with its text (it may turn out to head a stack). */
  readonly before: 'error' | 'lesser' | 'unsaid';
  readonly text: string;
  /** It has had its stack or exception: another one is an error of its own. */
  readonly complete: boolean;
  /** Inside a stack that is written without indentation. */
  readonly stack: 'none' | 'python' | 'go';
}

export const firstLine: LineContext = { before: 'unsaid', text: '', complete: false, stack: 'none' };

interface LineAnswer {
  readonly next: LineContext;
  /** The error that this line completes or begins, as text to show. */
  readonly error?: string;
}

/** Colours and other sequences of a terminal (ECMA-48 CSI). */
const escapes = new RegExp(String.raw`${String.fromCharCode(27)}\[[0-9;?]*[ -/]*[@-~]`, 'g');

const frame = /^\s+at \S|^\s+\.\.\. \d+ (?:more|common frames)|^\s*File ".+", line \d+/;
const joint =
  /^Caused by: |^\s*Suppressed: |^\s*(?:During handling of the above exception|The above exception was the direct cause)/;
const traceback = /^Traceback \(most recent call last\):/;
const goroutine = /^goroutine \d+ (?:gp=\S+ )?(?:m=\S+ )?(?:mp=\S+ )?\[.+\]:/;
const goLine =
  /^goroutine \d+ |^\[signal |^created by |^\S+\(.*\)$|^exit status \d+|^panic: |^r\w+\s+0x|^\s|^$/;
const goPanic = /^(?:panic|fatal error): /;
/** `java.io.IOException: gone`, `TypeError: x is undefined`, `Exception in thread "main" …` */
const exception =
  /^(?:Uncaught |Unhandled )?(?:Exception in thread "|Unhandled exception|(?:[\w$]+\.)*[\w$]*(?:Error|Exception)(?: \[\w+\])?(?::\s|$))/;
const threadDied = /^(?:Uncaught |Unhandled |Exception in thread ")/;

/** One more line. Lines of several containers each have a context of their own. */
export function readLine(context: LineContext, raw: string): LineAnswer {
  const line = raw.replace(escapes, '').trimEnd();
  if (line === '') return { next: context };
  if (context.stack === 'go' && goLine.test(line)) return { next: context };
  if (context.stack === 'python') return inTraceback(context, line);
  return outside(context.stack === 'none' ? context : { ...context, stack: 'none' }, line);
}

/** Frames are indented; the first line that is not is the exception, which tells more than the header. */
function inTraceback(context: LineContext, line: string): LineAnswer {
  if (/^\s/.test(line)) return { next: context };
  const next: LineContext = { before: 'error', text: line, complete: true, stack: 'none' };
  return context.before === 'error' && !context.complete ? { next } : { next, error: line };
}

function outside(context: LineContext, line: string): LineAnswer {
  const same = { next: context };
  if (traceback.test(line)) return { next: { ...context, stack: 'python' } };
  // What follows explains the stack before.
  if (joint.test(line)) return { next: { ...context, complete: false } };
  if (frame.test(line)) return headedBy(context, 'none');
  if (goroutine.test(line)) return headedBy(context, 'go');
  // Pretty-printed details and continued messages below an entry are part of it.
  if (/^\s/.test(line) && context.before === 'error') return same;
  // `ERROR order failed`, then `Error: gone` with its stack; `Error: gone` again and again are as many errors.
  if (isAttached(context, line) && !exception.test(context.text)) return { next: ended(line) };
  const { level, text } = levelOf(line.trim());
  if (level === 'error') return found(text, goPanic.test(line) ? 'go' : 'none');
  if (level === 'lesser') return { next: { before: 'lesser', text, complete: false, stack: 'none' } };
  if (exception.test(line)) {
    // Libraries write the exception on the line below the entry that they log it with.
    return isAttached(context, line) ? { next: ended(text) } : { next: ended(text), error: text };
  }
  return { next: { before: 'unsaid', text, complete: false, stack: 'none' } };
}

/** The exception of the entry above it, which has none yet. */
function isAttached(context: LineContext, line: string): boolean {
  return context.before === 'error' && !context.complete && exception.test(line) && !threadDied.test(line);
}

function ended(text: string): LineContext {
  return { before: 'error', text, complete: true, stack: 'none' };
}

function found(text: string, stack: LineContext['stack']): LineAnswer {
  return { next: { before: 'error', text, complete: false, stack }, error: text };
}

/** A stack belongs to the line above it; a line that said nothing of itself was its header. */
function headedBy(context: LineContext, stack: LineContext['stack']): LineAnswer {
  const next: LineContext = { ...context, complete: true, stack };
  if (context.before !== 'unsaid' || context.text === '') return { next };
  return { next: { ...next, before: 'error' }, error: context.text };
}

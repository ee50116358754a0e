/** The status of one object: a state, a code and a message. */

export type StatusWord = 'current' | 'progressing' | 'failed' | 'terminating' | 'unknown';

export type StatusCode =
  | 'current'
  | 'complete'
  | 'suspended'
  | 'replaced-by-hand'
  | 'terminating'
  | 'not-observed'
  | 'too-few-pods'
  | 'too-few-updated'
  | 'old-pods-left'
  | 'not-available'
  | 'running'
  | 'pending'
  | 'paused'
  | 'deadline-exceeded'
  | 'pod-creation-failing'
  | 'reconciling'
  | 'stalled'
  | 'not-ready'
  | 'not-bound'
  | 'no-address'
  | 'nothing-reported'
  /** Failed at the moment, but retried: see `isFinal`. */
  | 'failing'
  | 'failed';

export interface Status {
  readonly word: StatusWord;
  readonly code: StatusCode;
  /** "1 of 3 pods updated". No full stop, no name: the reader puts it behind the name. */
  readonly message: string;
}

export function current(message: string, code: StatusCode = 'current'): Status {
  return { word: 'current', code, message };
}

export function progressing(code: StatusCode, message: string): Status {
  return { word: 'progressing', code, message };
}

export function failed(code: StatusCode, message: string): Status {
  return { word: 'failed', code, message };
}

/**
 * Whether a failure is final according to the controller. A container in back-off, an autoscaler without metrics and
 * similar may recover: they are reported, but do not end a release by themselves.
 */
export function isFinal({ word, code }: Status): boolean {
  return word === 'failed' && code !== 'failing';
}

/** `1 pod`, `3 pods`. */
export function pods(count: number): string {
  return count === 1 ? '1 pod' : `${count} pods`;
}

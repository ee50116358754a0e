/** The status of one object: a state, a code and a message. */

/** What a verdict goes by. `unknown`: its controller or its node has not reported. `terminating`: its deletion was asked for. */
export type StatusWord = 'current' | 'progressing' | 'failed' | 'terminating' | 'unknown';

type StatusCode =
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

/** The status of one object, whatever its kind. */
export interface Status {
  readonly word: StatusWord;
  readonly code: StatusCode;
  /** "1 of 3 pods updated". No full stop, no name: the reader puts it behind the name. */
  readonly message: string;
}

/** A status that holds up no release: the object is what its spec asks for. */
export function current(message: string, code: StatusCode = 'current'): Status {
  return { word: 'current', code, message };
}

/** A status that a release waits for. */
export function progressing(code: StatusCode, message: string): Status {
  return { word: 'progressing', code, message };
}

/** A failure that the object itself reports; causes decide whether that ends the release. */
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

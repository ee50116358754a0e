import type { ObjectReference } from '../kubernetes/objects.ts';
import type { SourceLocation } from '../kubernetes/source-location.ts';
import type { Reason } from './reasons.ts';

/**
 * The end of one container's log, as the API server gave it: untrusted text, to be masked and escaped before it is
 * printed.
 */
export interface LogTail {
  readonly pod: string;
  readonly container: string;
  /** True for the log of the container's previous run. */
  readonly previous: boolean;
  readonly lines: readonly string[];
}

/** A Kubernetes Event as evidence of a failure; its texts are untrusted. */
export interface EventEvidence {
  readonly reason: string;
  readonly message: string;
  /** How often it was reported, at least 1. */
  readonly count: number;
  /** RFC 3339. */
  readonly at?: string;
}

/** Why a release is broken: one cause, reported once, with every affected object. */
export interface Failure {
  readonly reason: Reason;
  /** One sentence of cause: "Container api of auth exited with code 3 three times in a row." */
  readonly message: string;
  /** One sentence of remedy. */
  readonly remedy: string;
  /** The affected workloads (or other objects), the most relevant one first. */
  readonly objects: readonly ObjectReference[];
  /** From the workload down to the container: `['Deployment auth', 'ReplicaSet auth-6d5', 'Pod auth-6d5-x', 'container api']`. */
  readonly chain: readonly string[];
  /** When the cluster first reported it, by the evidence's timestamp (RFC 3339). */
  readonly evidenceAt?: string;
  readonly event?: EventEvidence;
  readonly logs: readonly LogTail[];
  /** The container at fault, so that flow can fetch its log. */
  readonly container?: {
    readonly namespace: string;
    readonly pod: string;
    readonly container: string;
    readonly terminated: boolean;
  };
  /** The field of the first object to edit, for the annotation's line: `['spec','template',...,'image']`. */
  readonly field?: readonly (string | number)[];
  readonly location?: SourceLocation;
}

/** The judge of an undone deployment: what was there before is there again, up, and was tested. It shares no code with what it judges. */
import { isDeepStrictEqual } from 'node:util';
import type { Difference } from './restored.ts';
import type { KubernetesObject, Write } from './writes.ts';

/** What one failed deployment left behind. */
export interface Undoing {
  readonly exitCode: number | null;
  readonly outcome: string | undefined;
  readonly output: string;
  readonly expectedExitCode: number | undefined;
  /** Undefined where the scenario itself takes objects away. */
  readonly differences: readonly Difference[] | undefined;
  /** Differences that are the design, each with its reason. */
  readonly byDesign: readonly KnownDifference[];
  /** What somebody else did that keeps the state before from coming up again: then the outcome has to say so. */
  readonly obstacle?: string | undefined;
  readonly before: readonly KubernetesObject[];
  readonly after: readonly KubernetesObject[];
  /** The tool's own. */
  readonly writes: readonly Write[];
  readonly clients: readonly {
    readonly service: string;
    readonly oldPodsStay: boolean;
    readonly calls: number;
    readonly failed: readonly string[];
  }[];
}

export interface KnownDifference {
  readonly object: string;
  /** Regular expression. */
  readonly field: string;
  /** What is left there. */
  readonly after: unknown;
  readonly why: string;
}

const workloadKinds: Readonly<Record<string, string>> = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
};

/** What is not as it has to be; empty if all is well. */
export function faultsOf(undoing: Undoing): readonly string[] {
  const { exitCode, outcome, writes, clients } = undoing;
  const refused = exitCode === 1;
  const ending = refused ? refusal(outcome, writes) : undone(undoing);
  const differences = (undoing.differences ?? [])
    .filter((difference) => !undoing.byDesign.some((known) => isKnown(difference, known)))
    .map(
      ({ object, field, before, after }) =>
        `${object}.${field}: was ${JSON.stringify(before)}, is ${JSON.stringify(after)}`,
    );
  const unserved = clients.flatMap(({ service, oldPodsStay, calls, failed }) => {
    if (calls === 0) return [`the client of Service ${service} made no call`];
    if (!oldPodsStay || failed.length === 0) return [];
    return [`${failed.length} of ${calls} calls of Service ${service} failed: ${failed[0]}`];
  });
  const down = isHeldUp(undoing) ? [] : unhealthy(undoing.before, undoing.after);
  return [...ending, ...differences, ...down, ...unserved];
}

function refusal(outcome: string | undefined, writes: readonly Write[]): readonly string[] {
  const written = writes.map(({ verb, resource, name }) => `${verb} ${resource} ${name}`);
  return [
    ...(outcome === 'failed' ? [] : [`outcome ${outcome}, not failed`]),
    ...(written.length === 0 ? [] : [`refused, and wrote ${written.join(', ')}`]),
  ];
}

/** It could not be brought up again, and the outcome does not claim so. */
export function isHeldUp({ obstacle, outcome }: Pick<Undoing, 'obstacle' | 'outcome'>): boolean {
  return obstacle !== undefined && (outcome === 'rollback-failed' || outcome === 'restore-unverified');
}

function undone(undoing: Undoing): readonly string[] {
  const { exitCode, expectedExitCode, outcome } = undoing;
  const code = exitCode === expectedExitCode ? [] : [`exit code ${exitCode}, not ${expectedExitCode}`];
  if (isHeldUp(undoing)) return code;
  return [
    ...code,
    ...(outcome === 'rolled-back' ? [] : [`outcome ${outcome}, not rolled-back`]),
    ...(wroteWorkloads(undoing) && smokeTests(undoing.output) === undefined
      ? ['what was restored was not smoke-tested, or did not pass']
      : []),
  ];
}

/** How many tests the restored state passed; undefined if none are known to have been made, or one failed. */
export function smokeTests(output: string): number | undefined {
  const passed = /Restored: (\d+) smoke tests? passed, 0 failed/.exec(output)?.[1];
  return passed === undefined ? undefined : Number(passed);
}

/** Whether a workload that was there before was written. */
export function wroteWorkloads({ before, writes }: Pick<Undoing, 'before' | 'writes'>): boolean {
  return before.some(({ kind = '', metadata }) =>
    writes.some(
      ({ resource, name, code }) => resource === workloadKinds[kind] && name === metadata.name && code < 300,
    ),
  );
}

/** Workloads of before that are not all ready in their present version. */
export function unhealthy(
  before: readonly KubernetesObject[],
  after: readonly KubernetesObject[],
): readonly string[] {
  return before
    .filter(({ kind = '' }) => kind in workloadKinds)
    .flatMap(({ kind, metadata }) => {
      const now = after.find((one) => one.kind === kind && one.metadata.name === metadata.name);
      return now !== undefined && isReady(now) ? [] : [`${kind} ${metadata.name} is not ready`];
    });
}

function isReady({ kind, metadata, spec, status }: KubernetesObject): boolean {
  const { replicas = 1 } = (spec ?? {}) as { readonly replicas?: number };
  const seen = (status ?? {}) as Readonly<Record<string, number | undefined>>;
  if (seen['observedGeneration'] !== metadata['generation']) return false;
  if (kind === 'DaemonSet') return seen['numberReady'] === seen['desiredNumberScheduled'];
  if (kind === 'Deployment' && (seen['updatedReplicas'] ?? 0) !== replicas) return false;
  return (seen['readyReplicas'] ?? 0) === replicas && (seen['replicas'] ?? 0) === replicas;
}

function isKnown({ object, field, after }: Difference, known: KnownDifference): boolean {
  return (
    object === known.object && new RegExp(known.field).test(field) && isDeepStrictEqual(after, known.after)
  );
}

import { workloadKindOf } from '../kinds/table.ts';
import { flagAt } from '../kubernetes/fields.ts';
import { type KubernetesObject, type ObjectReference, titleOf } from '../kubernetes/objects.ts';
import type { FieldPath, SourceLocation } from '../kubernetes/source-location.ts';
import type { ApplyConflict } from '../plan/changes.ts';
import { judgeOutside, judgeReach, type Reach } from '../plan/scope.ts';
import { readinessExpressions } from '../status/readiness.ts';
import { templatePathOf } from '../workloads/workloads.ts';
import type { Finding } from './finding.ts';
import { type Refusal, refusalSentence, refusedField, resolvePath, sentence } from './refusal.ts';
import { podRemedy, refusalReason } from './refusal-reason.ts';

export type { Refusal } from './refusal.ts';

/** What the server's dry run said of one object of the overlay. */
export interface ObjectValidation {
  readonly reference: ObjectReference;
  readonly rendered: KubernetesObject;
  /** The server would not take it; absent where it would, or was not asked. */
  readonly refusal?: Refusal;
  /** The refusal of a Pod created from the object's changed template. */
  readonly podRefusal?: Refusal;
  /** A refusal that may not apply to the controller that will create the pods. */
  readonly podDoubt?: Refusal;
  /** The object of the release that the refusing webhook looked for and that does not exist yet: `Deployment web`. */
  readonly refusalMisses?: string;
  /** The object of the release that may resolve `podRefusal`: `ResourceQuota team`. */
  readonly podRefusalLiftedBy?: string;
  /** False if the rollout deletes an old pod before it needs room for a new one; default true. */
  readonly needsExtraPod?: boolean;
  /** Conflicts with managers that are not in `adopt`. */
  readonly othersConflicts: readonly ApplyConflict[];
  /** Another tool that manages the live object, such as Helm or Argo CD. */
  readonly otherTool?: string;
  /** Of the live object; absent if there is none. */
  readonly liveLabels?: Readonly<Record<string, string>>;
  /** It could not be validated yet: its namespace or its CRD comes with this release. */
  readonly deferred: boolean;
  /** The identity may not write, so there was no dry-run. */
  readonly notAsked?: true;
  /** Of the API server, untrusted text. */
  readonly warnings: readonly string[];
}

interface OverlayFacts {
  readonly validations: readonly ObjectValidation[];
  readonly reach: Reach;
  readonly allowPaused: boolean;
  readonly locate: (reference: ObjectReference, path?: FieldPath) => SourceLocation;
}

/** One finding per problem of an object; one that passes with the counts, unless something fails. */
export function judgeOverlay(facts: OverlayFacts): readonly Finding[] {
  const findings = facts.validations.flatMap((validation) => judgeObject(validation, facts));
  const deferred = facts.validations.filter((validation) => validation.deferred);
  const notAsked = facts.validations.filter((validation) => validation.notAsked === true);
  const checked = facts.validations.length - deferred.length - notAsked.length;
  const summary: Finding = {
    level: 'pass',
    reason: 'ok',
    message: `${counted(facts.validations.length, 'object')} rendered, ${checked} validated by the server's dry-run.`,
    remedy: '',
  };
  return findings.some((finding) => finding.level === 'fail')
    ? findings
    : [
        summary,
        ...deferredFinding(deferred),
        ...notAskedFinding(notAsked),
        ...podDoubtFindings(facts.validations),
        ...findings,
      ];
}

function notAskedFinding(notAsked: readonly ObjectValidation[]): readonly Finding[] {
  if (notAsked.length === 0) return [];
  return [
    {
      level: 'warn',
      reason: 'object-not-checked',
      message: `${counted(notAsked.length, 'object')} compared by the fields that the overlay sets: this identity may only read, so there was no dry-run.`,
      remedy: 'The deploying job does the dry-run before it changes anything.',
    },
  ];
}

function deferredFinding(deferred: readonly ObjectValidation[]): readonly Finding[] {
  if (deferred.length === 0) return [];
  return [
    {
      level: 'pass',
      reason: 'object-not-checked',
      message: `${counted(deferred.length, 'object')} can be validated only after objects that the overlay creates first (namespace or CRD).`,
      remedy: '',
    },
  ];
}

/** Refusals of this identity that would apply to any pod; once per rule. */
function podDoubtFindings(validations: readonly ObjectValidation[]): readonly Finding[] {
  const workloads = new Map<string, string[]>();
  for (const { reference, podDoubt } of validations) {
    if (podDoubt === undefined) continue;
    const said = refusalSentence(podDoubt.message);
    workloads.set(said, [...(workloads.get(said) ?? []), titleOf(reference)]);
  }
  return [...workloads].map(([said, titles]) => ({
    level: 'warn',
    reason: 'object-not-checked',
    message: `Whether admission accepts the pods of ${titles.join(', ')} is not known: a rule of the cluster does not let this identity do the dry-run: ${said}`,
    remedy:
      'Nothing to do if the rule allows the controllers of Kubernetes to create pods: the rollout will show it.',
  }));
}

/** Of duplicate entries of an object only one is sent, and it may not be the one that the author expects. */
export function repeatFindings(
  repeats: readonly { readonly reference: ObjectReference; readonly what: string }[],
  locate: OverlayFacts['locate'],
): readonly Finding[] {
  return repeats.map(({ reference, what }) => ({
    level: 'warn',
    reason: 'server-warning',
    message: `${titleOf(reference)} names ${what}: only the last one is sent.`,
    remedy: 'Remove the others from the overlay.',
    object: reference,
    location: locate(reference),
  }));
}

/**
 * Findings that need no request: this identity may lack the permission to read objects that are not listed in
 * orion.yaml.
 */
export function judgeUnlisted(
  references: readonly ObjectReference[],
  { reach, locate }: Pick<OverlayFacts, 'reach' | 'locate'>,
): readonly Finding[] {
  return references.flatMap((object): readonly Finding[] => {
    const problem = judgeReach(object, reach);
    if (problem === undefined) return [];
    const { path, ...said } = problem;
    return [{ level: 'fail', ...said, object, location: locate(object, path) }];
  });
}

function judgeObject(validation: ObjectValidation, facts: OverlayFacts): readonly Finding[] {
  const { reference } = validation;
  const at = (path?: FieldPath): { object: ObjectReference; location: SourceLocation } => ({
    object: reference,
    location: facts.locate(reference, path),
  });
  const findings: Finding[] = judgeOutside(reference, validation.liveLabels, facts.reach).map(
    ({ path, ...problem }) => ({ level: 'fail', ...problem, ...at(path) }),
  );
  if (validation.otherTool !== undefined) {
    findings.push({
      level: 'fail',
      reason: 'managed-by-other-tool',
      message: `${titleOf(reference)} is managed by ${validation.otherTool}, which would change it back.`,
      remedy: `Remove it from ${validation.otherTool}, or from this overlay.`,
      ...at(),
    });
  }
  const pausedBy = pauseIn(validation.rendered);
  if (pausedBy !== undefined && !facts.allowPaused) {
    findings.push({
      level: 'fail',
      reason: 'deployment-paused',
      message: `${titleOf(reference)} is paused, so it would never be rolled out.`,
      remedy: `Remove ${pausedBy.join('.')} from the overlay, or set \`allow-paused: true\`.`,
      ...at(pausedBy),
    });
  }
  findings.push(
    ...readinessFindings(validation, at),
    ...conflictFindings(validation, at),
    ...refusalFindings(validation, at),
    ...warningFindings(validation, at),
  );
  return findings;
}

type Placed = (path?: FieldPath) => { object: ObjectReference; location: SourceLocation };

/** An expression that cannot be parsed is never true: the release would wait for it until its timeout. */
function readinessFindings({ reference, rendered }: ObjectValidation, at: Placed): readonly Finding[] {
  return readinessExpressions(rendered).problems.map(({ annotation, cause, remedy }) => ({
    level: 'fail',
    reason: 'bad-config',
    message: `${titleOf(reference)}: ${cause}`,
    remedy,
    ...at(['metadata', 'annotations', annotation]),
  }));
}

function conflictFindings(validation: ObjectValidation, at: Placed): readonly Finding[] {
  return validation.othersConflicts.map((conflict) => ({
    level: 'fail',
    reason: 'conflict',
    message: `${titleOf(validation.reference)}: field ${conflict.field} belongs to field manager ${conflict.manager}.`,
    remedy: `Remove the field from the overlay, or add ${conflict.manager} to the input \`adopt\` to take it over.`,
    ...at(resolvePath(conflict.field, validation.rendered)),
  }));
}

function refusalFindings(validation: ObjectValidation, at: Placed): readonly Finding[] {
  const { reference } = validation;
  const findings: Finding[] = [];
  if (validation.refusal !== undefined && validation.refusalMisses !== undefined) {
    findings.push({
      level: 'warn',
      reason: 'object-not-checked',
      message: `${titleOf(reference)} can be validated only after ${validation.refusalMisses}, which this release brings: ${refusalSentence(validation.refusal.message)}`,
      remedy: 'Nothing to do: it is applied after that.',
      ...at(),
    });
  } else if (validation.refusal !== undefined) {
    findings.push({
      level: 'fail',
      ...refusalReason(validation.refusal, titleOf(reference)),
      ...at(refusedField(validation.refusal.message, validation.rendered)),
    });
  }
  if (validation.podRefusal !== undefined) {
    const path = [...(templatePathOf(reference) ?? []), 'spec'];
    findings.push({ ...podFinding(validation, validation.podRefusal), ...at(path) });
  }
  return findings;
}

/** A quota that is exhausted by the pods to be replaced is no obstacle if they are deleted first. */
function podFinding(
  { reference, needsExtraPod = true, podRefusalLiftedBy }: ObjectValidation,
  refusal: Refusal,
): Finding {
  const said = refusalSentence(refusal.message);
  const quota = /exceeded quota/.test(refusal.message);
  if (podRefusalLiftedBy !== undefined) {
    return {
      level: 'warn',
      reason: 'object-not-checked',
      message: `Pods of ${titleOf(reference)} would currently be refused: ${said} This release changes ${podRefusalLiftedBy} as well, so the rollout decides.`,
      remedy: `Nothing to do if that change of ${podRefusalLiftedBy} resolves it.`,
    };
  }
  if (quota && !needsExtraPod) {
    return {
      level: 'warn',
      reason: 'quota-exceeded',
      message: `${titleOf(reference)} can only be rolled out by deleting old pods first: ${said}`,
      remedy:
        'Nothing to do if the new pods request no more than the old ones; else raise the ResourceQuota.',
    };
  }
  return {
    level: 'fail',
    reason: quota ? 'quota-exceeded' : 'pod-rejected',
    message: `Pods of ${titleOf(reference)} would be refused: ${said}`,
    remedy: podRemedy(refusal.message),
  };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function warningFindings(validation: ObjectValidation, at: Placed): readonly Finding[] {
  return validation.warnings.map((warning) => ({
    level: 'warn',
    reason: 'server-warning',
    message: serverWarning(validation.reference, warning),
    remedy: 'Change the field before the server stops accepting it.',
    ...at(),
  }));
}

/** The message for a warning of the server, the same in preview and apply. */
export function serverWarning(reference: ObjectReference, warning: string): string {
  return `${titleOf(reference)}: the API server warns: ${sentence(warning)}`;
}

/** The field that pauses its rollout. */
function pauseIn(object: KubernetesObject): readonly string[] | undefined {
  const field = workloadKindOf(object)?.pause?.field;
  return field !== undefined && flagAt(object, ...field) === true ? field : undefined;
}

/** Judges the rendered overlay by what the server's dry-run answered for each object and for a Pod made from each template. */
import type { ApplyConflict } from '../changes.ts';
import type { Finding } from '../checks.ts';
import { isObject } from '../managed-fields.ts';
import { type KubernetesObject, type ObjectReference, titleOf } from '../objects.ts';
import type { Reason } from '../reasons.ts';
import type { FieldPath, SourceLocation } from '../source.ts';

/** What the API server refused, in its own words (foreign text). */
export interface Refusal {
  readonly status: number;
  /** `Invalid`, `Forbidden`, … */
  readonly reason: string;
  readonly message: string;
}

export interface ObjectValidation {
  readonly reference: ObjectReference;
  readonly rendered: KubernetesObject;
  readonly refusal?: Refusal;
  /** The refusal of a Pod made from the object's changed template. */
  readonly podRefusal?: Refusal;
  /** Conflicts with managers that are not in `adopt`. */
  readonly foreignConflicts: readonly ApplyConflict[];
  readonly otherTool?: string;
  readonly deferred: boolean;
  readonly warnings: readonly string[];
}

export interface OverlayFacts {
  readonly validations: readonly ObjectValidation[];
  readonly namespace: string;
  readonly allowPaused: boolean;
  readonly locate: (reference: ObjectReference, path?: FieldPath) => SourceLocation;
}

export function judgeOverlay(facts: OverlayFacts): readonly Finding[] {
  const findings = facts.validations.flatMap((validation) => judgeObject(validation, facts));
  const deferred = facts.validations.filter((validation) => validation.deferred);
  const checked = facts.validations.length - deferred.length;
  const summary: Finding = {
    level: 'pass',
    reason: 'ok',
    message: `${counted(facts.validations.length, 'object')} rendered, ${checked} validated by the server's dry-run.`,
    remedy: '',
  };
  return findings.some((finding) => finding.level === 'fail')
    ? findings
    : [summary, ...deferredFinding(deferred), ...findings];
}

function deferredFinding(deferred: readonly ObjectValidation[]): readonly Finding[] {
  if (deferred.length === 0) return [];
  return [
    {
      level: 'pass',
      reason: 'object-not-checked',
      message: `${counted(deferred.length, 'object')} can be validated only after what the overlay brings first (namespace or CRD).`,
      remedy: '',
    },
  ];
}

function judgeObject(validation: ObjectValidation, facts: OverlayFacts): readonly Finding[] {
  const { reference } = validation;
  const at = (path?: FieldPath): { object: ObjectReference; location: SourceLocation } => ({
    object: reference,
    location: facts.locate(reference, path),
  });
  const findings: Finding[] = [];
  if (reference.namespace !== undefined && reference.namespace !== facts.namespace) {
    findings.push({
      level: 'fail',
      reason: 'outside-namespace',
      message: `${titleOf(reference)} is in namespace ${reference.namespace}, but this release deploys to ${facts.namespace}.`,
      remedy: 'Set one namespace in the overlay, or deploy the other namespace by an overlay of its own.',
      ...at(['metadata', 'namespace']),
    });
  }
  if (validation.otherTool !== undefined) {
    findings.push({
      level: 'fail',
      reason: 'managed-by-other-tool',
      message: `${titleOf(reference)} is managed by ${validation.otherTool}, which would change it back.`,
      remedy: `Remove it from ${validation.otherTool}, or from this overlay.`,
      ...at(),
    });
  }
  if (isPaused(validation.rendered) && !facts.allowPaused) {
    findings.push({
      level: 'fail',
      reason: 'deployment-paused',
      message: `${titleOf(reference)} is paused, so its rollout would never happen.`,
      remedy: 'Remove spec.paused from the overlay, or set `allow-paused: true`.',
      ...at(['spec', 'paused']),
    });
  }
  findings.push(
    ...conflictFindings(validation, at),
    ...refusalFindings(validation, at),
    ...warningFindings(validation, at),
  );
  return findings;
}

type Placed = (path?: FieldPath) => { object: ObjectReference; location: SourceLocation };

function conflictFindings(validation: ObjectValidation, at: Placed): readonly Finding[] {
  return validation.foreignConflicts.map((conflict) => ({
    level: 'fail',
    reason: 'conflict',
    message: `${titleOf(validation.reference)}: field ${conflict.field} belongs to field manager ${conflict.manager}.`,
    remedy: `Take the field out of the overlay, or add ${conflict.manager} to the input \`adopt\` to take it over.`,
    ...at(fieldPathOf(conflict.field)),
  }));
}

/** `.spec.template.spec.replicas` → a path; list selectors (`[name="x"]`) end it. */
function fieldPathOf(field: string): FieldPath {
  return (field.split('[')[0] ?? '').split('.').filter((part) => part !== '');
}

function refusalFindings(validation: ObjectValidation, at: Placed): readonly Finding[] {
  const findings: Finding[] = [];
  if (validation.refusal !== undefined) {
    findings.push({
      level: 'fail',
      ...refusalReason(validation.refusal, titleOf(validation.reference)),
      ...at(refusedField(validation.refusal)),
    });
  }
  if (validation.podRefusal !== undefined) {
    const said = sentence(validation.podRefusal.message);
    findings.push({
      level: 'fail',
      reason: /exceeded quota/.test(said) ? 'quota-exceeded' : 'pod-rejected',
      message: `Pods of ${titleOf(validation.reference)} would be refused: ${said}`,
      remedy: podRemedy(said),
      ...at(['spec', 'template', 'spec']),
    });
  }
  return findings;
}

function refusalReason(refusal: Refusal, title: string): { reason: Reason; message: string; remedy: string } {
  const said = sentence(refusal.message);
  if (/immutable|Forbidden: updates to .* spec/.test(refusal.message)) {
    return {
      reason: 'immutable-field',
      message: `${title} changes a field that cannot be changed: ${said}`,
      remedy:
        'Undo that change, or give the object a new name; deleting and recreating it would interrupt service.',
    };
  }
  if (/admission webhook/.test(refusal.message)) {
    return {
      reason: 'webhook-refused',
      message: `${title} is refused by an admission webhook: ${said}`,
      remedy: 'Change what the webhook names, or ask whoever runs it.',
    };
  }
  if (refusal.status === 403) {
    return {
      reason: 'forbidden',
      message: `${title} may not be written: ${said}`,
      remedy: 'Give the identity of this job the permission, see the connectivity check.',
    };
  }
  return {
    reason: 'object-invalid',
    message: `${title} is not valid: ${said}`,
    remedy: 'Correct the field in the overlay.',
  };
}

function podRemedy(said: string): string {
  if (/violates PodSecurity/.test(said))
    return "Set the securityContext fields that the message names in the workload's pod template.";
  if (/exceeded quota/.test(said)) return 'Lower the requests or limits, or raise the ResourceQuota.';
  return 'Change the pod template as the message says.';
}

/** `spec.selector: Invalid value: …` → the path it names, for the annotation's line. */
function refusedField(refusal: Refusal): FieldPath | undefined {
  const named = /(?:^|\s|\[)((?:spec|data|metadata|stringData)(?:\.[A-Za-z0-9_-]+|\[\d+\])*)\s*:/.exec(
    refusal.message,
  )?.[1];
  if (named !== undefined) return parsePath(named);
  const unknown = /unknown field "([^"]+)"/.exec(refusal.message)?.[1];
  return unknown === undefined ? undefined : parsePath(unknown);
}

function parsePath(text: string): FieldPath {
  return [...text.matchAll(/([A-Za-z0-9_-]+)|\[(\d+)\]/g)].map((match) =>
    match[2] === undefined ? String(match[1]) : Number(match[2]),
  );
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The server's message as one line that ends with a full stop. */
function sentence(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim();
  return /[.!?]$/.test(line) ? line : `${line}.`;
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

/** The sentence for a warning of the server, the same at preview and apply. */
export function serverWarning(reference: ObjectReference, warning: string): string {
  return `${titleOf(reference)}: the API server warns: ${sentence(warning)}`;
}

function isPaused(object: KubernetesObject): boolean {
  const spec = object['spec'];
  return object.kind === 'Deployment' && isObject(spec) && spec['paused'] === true;
}

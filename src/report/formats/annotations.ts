import type { CheckResult, Finding } from '../../domain/checks/finding.ts';
import type { Failure } from '../../domain/failure/failure.ts';
import type { Notice } from '../../domain/failure/notice.ts';
import { type ObjectReference, titleOf } from '../../domain/kubernetes/objects.ts';
import type { SourceLocation } from '../../domain/kubernetes/source-location.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import { cleanText, oneLine, shorten } from '../text/escape.ts';

type AnnotationLevel = 'error' | 'warning' | 'notice';

/** What `@actions/core` expects for `error`, `warning` and `notice`; it escapes for the runner. */
interface Annotation {
  readonly level: AnnotationLevel;
  readonly title: string;
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
}

interface AnnotationLimits {
  /** GitHub shows 10 of each level per step. */
  readonly perLevel: number;
  /** GitHub cuts a message at 4,096 characters. */
  readonly messageCharacters: number;
}

const githubAnnotationLimits: AnnotationLimits = { perLevel: 10, messageCharacters: 4096 };

interface Content {
  readonly level: AnnotationLevel;
  readonly title: string;
  readonly lines: readonly string[];
  readonly location: SourceLocation | undefined;
}

function annotation(content: Content, limits: AnnotationLimits): Annotation {
  const lines = content.lines.map((line) => cleanText(line).trim()).filter((line) => line !== '');
  const { location } = content;
  return {
    level: content.level,
    title: shorten(oneLine(content.title), 200),
    message: shorten(lines.join('\n'), limits.messageCharacters),
    ...(location ? { file: location.file, line: location.line } : {}),
  };
}

function titled(object: ObjectReference | undefined, what: string): string {
  return object === undefined ? what : `${titleOf(object)}: ${what}`;
}

function ofFailure(failure: Failure): Content {
  const { event } = failure;
  const others = failure.objects.length - 1;
  return {
    level: 'error',
    title: titled(failure.objects[0], failure.reason),
    lines: [
      failure.message,
      failure.remedy,
      failure.chain.length > 0 ? `Where: ${failure.chain.map(oneLine).join(' → ')}` : '',
      others > 0 ? `Also hit: ${others} more` : '',
      event ? `Event ${oneLine(event.reason)}: ${oneLine(event.message)}` : '',
    ],
    location: failure.location,
  };
}

function ofFinding(check: CheckResult, finding: Finding): Content[] {
  if (finding.level === 'pass') return [];
  return [
    {
      level: finding.level === 'fail' ? 'error' : 'warning',
      title: titled(finding.object, `${check.check}, ${finding.reason}`),
      lines: [finding.message, finding.remedy],
      location: finding.location,
    },
  ];
}

const shownAsWarning: ReadonlySet<string> = new Set([
  'server-warning',
  'approval-skipped',
  'approval-bypassed',
]);

function ofNotice(notice: Notice): Content {
  return {
    level: shownAsWarning.has(notice.reason) ? 'warning' : 'notice',
    title: titled(notice.object, notice.reason),
    lines: [notice.message, notice.remedy],
    location: notice.location,
  };
}

/** Annotations that must be shown, before the causes of the release use up GitHub's ten. */
function ofRollback({ outcome, rollback, message, nextSteps }: ResultDocument): readonly Content[] {
  if (outcome !== 'rollback-failed' && outcome !== 'restore-unverified') return [];
  const lines = [rollback ?? message, nextSteps[0] ?? '', 'Every step is in the job summary.'];
  return [{ level: 'error', title: outcome, lines, location: undefined }];
}

/** A failed run without a failure or finding of its own (bad input, a held lock) still gets an error annotation. */
function ofRun(result: ResultDocument): Content {
  return {
    level: 'error',
    title: result.reason,
    lines: [result.message, result.nextSteps[0] ?? ''],
    location: undefined,
  };
}

/** The tenth annotation summarises the remaining ones and says where to find them. */
function aggregated(all: readonly Annotation[], limits: AnnotationLimits): Annotation[] {
  if (all.length <= limits.perLevel) return [...all];
  const shown = all.slice(0, limits.perLevel - 1);
  const rest = all.slice(limits.perLevel - 1);
  const level = rest[0]?.level ?? 'notice';
  const titles = rest.map(({ title }) => title);
  const message = `And ${rest.length} more, see the job summary.\n${titles.join('\n')}`;
  return [
    ...shown,
    {
      level,
      title: `${rest.length} more ${level}s`,
      message: shorten(message, limits.messageCharacters),
    },
  ];
}

/**
 * Annotations at the line a person would edit, at most `perLevel` of each level, errors first. The result must be redacted.
 */
export function renderAnnotations(
  result: ResultDocument,
  limits: AnnotationLimits = githubAnnotationLimits,
): Annotation[] {
  const contents = [
    ...ofRollback(result),
    ...result.failures.map(ofFailure),
    ...result.checks.flatMap((check) => check.findings.flatMap((finding) => ofFinding(check, finding))),
    ...result.notices.map(ofNotice),
  ];
  const silent = result.exitCode !== 0 && !contents.some(({ level }) => level === 'error');
  const all = [...(silent ? [ofRun(result)] : []), ...contents].map((content) => annotation(content, limits));
  return (['error', 'warning', 'notice'] as const).flatMap((level) =>
    aggregated(
      all.filter((one) => one.level === level),
      limits,
    ),
  );
}

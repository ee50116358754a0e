import type { ResultDocument } from '../../domain/result/document.ts';
import { inlineCode, shorten } from '../text/escape.ts';
import { runLink } from '../text/source-link.ts';

function code(text: string | undefined): string {
  return text === undefined ? '' : inlineCode(shorten(text, 200));
}

function fact(label: string, value: string): string[] {
  return value === '' ? [] : [`${label} ${value}`];
}

/** The full digest for a plan, because `expect-plan` needs it; else enough of it to distinguish plans. */
function shownDigest({ outcome, planDigest }: ResultDocument): string | undefined {
  return outcome === 'planned' ? planDigest : planDigest?.slice(0, 'sha256:'.length + 12);
}

function approvalFact({ approval }: ResultDocument): string {
  if (approval === undefined) return '';
  if (approval.state !== 'approved') return approval.state;
  const by = approval.by.map(({ user, comment }) =>
    comment === '' ? code(user) : `${code(user)} (${code(comment)})`,
  );
  return `by ${by.join(', ')} for ${code(approval.environment)}`;
}

/** Who deployed what where, and references to it; in small print at the end. */
export function renderFacts(result: ResultDocument): string {
  const { release, previousRelease } = result;
  const before =
    previousRelease === undefined || previousRelease === release ? '' : ` (before: ${code(previousRelease)})`;
  const lines = [
    [
      ...fact('Cluster', code(result.cluster)),
      ...fact('namespace', code(result.namespace)),
      ...fact('overlay', code(result.overlay)),
    ],
    [
      ...fact('Release', release === undefined ? '' : `${code(release)}${before}`),
      ...fact('commit', code(result.commit?.slice(0, 12))),
      ...fact('by', code(result.actor)),
      ...fact('approval', approvalFact(result)),
      ...(result.runUrl === undefined ? [] : [runLink(result)]),
    ],
    [
      ...fact('Reason', code(result.reason)),
      ...fact('exit code', code(String(result.exitCode))),
      ...fact('plan', code(shownDigest(result))),
    ],
  ];
  const text = lines.filter((line) => line.length > 0).map((line) => line.join(' · '));
  return `---\n\n${text.join('<br>\n')}`;
}

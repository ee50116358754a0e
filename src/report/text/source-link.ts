import type { SourceLocation } from '../../domain/kubernetes/source-location.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import { inlineCode, shorten } from './escape.ts';

/** `https://github.com/owner/repository` of the run, if its URL looks like one of GitHub's. */
function repositoryUrl(runUrl: string | undefined): string | undefined {
  return /^(https:\/\/[\w.-]+(?::\d+)?\/[\w.-]+\/[\w.-]+)\/actions\/runs\/\d+/.exec(runUrl ?? '')?.[1];
}

function pathSegments(file: string): string {
  const encoded = file.split('/').map((segment) => encodeURIComponent(segment.toWellFormed()));
  return encoded.join('/').replace(/[()'!*~]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);
}

/** That line of the commit, where run and commit are known. */
export function sourceUrl(location: SourceLocation, result: ResultDocument): string | undefined {
  const repository = repositoryUrl(result.runUrl);
  if (repository === undefined || !/^[0-9a-f]{40}$/.test(result.commit ?? '')) return undefined;
  return `${repository}/blob/${result.commit}/${pathSegments(location.file)}#L${location.line}`;
}

/** `file:line` as people and editors know it, as a link where there is one. */
export function sourceLink(location: SourceLocation, result: ResultDocument): string {
  const label = inlineCode(shorten(`${location.file}:${location.line}`, 300));
  const url = sourceUrl(location, result);
  return url === undefined ? label : `[${label}](${url})`;
}

/** The run's URL, if it is one of GitHub's and nothing in it could be markup. */
export function safeRunUrl({ runUrl = '' }: ResultDocument): string | undefined {
  return repositoryUrl(runUrl) !== undefined && /^[\w:/.-]+$/.test(runUrl) ? runUrl : undefined;
}

/** The run itself, as a link where its URL is one of GitHub's. */
export function runLink(result: ResultDocument): string {
  const url = safeRunUrl(result);
  return url === undefined ? inlineCode(shorten(result.runUrl ?? '', 300)) : `[this run](${url})`;
}

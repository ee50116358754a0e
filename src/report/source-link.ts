import type { ResultDocument } from '../domain/result.ts';
import type { SourceLocation } from '../domain/source.ts';
import { inlineCode, shorten } from './escape.ts';

/** `https://github.com/owner/repository` of the run, if its URL looks like one of GitHub's. */
function repositoryUrl(runUrl: string | undefined): string | undefined {
  return /^(https:\/\/[\w.-]+(?::\d+)?\/[\w.-]+\/[\w.-]+)\/actions\/runs\/\d+/.exec(runUrl ?? '')?.[1];
}

function pathSegments(file: string): string {
  const encoded = file.split('/').map((segment) => encodeURIComponent(segment.toWellFormed()));
  return encoded.join('/').replace(/[()'!*~]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);
}

/** `file:line` as people and editors know it; a link to that line of the commit where run and commit are known. */
export function sourceLink(location: SourceLocation, result: ResultDocument): string {
  const label = inlineCode(shorten(`${location.file}:${location.line}`, 300));
  const repository = repositoryUrl(result.runUrl);
  if (repository === undefined || !/^[0-9a-f]{40}$/.test(result.commit ?? '')) return label;
  return `[${label}](${repository}/blob/${result.commit}/${pathSegments(location.file)}#L${location.line})`;
}

/** The run itself, as a link where its URL is one of GitHub's. */
export function runLink(result: ResultDocument): string {
  const url = result.runUrl ?? '';
  const isSafe = repositoryUrl(url) !== undefined && /^[\w:/.-]+$/.test(url);
  return isSafe ? `[this run](${url})` : inlineCode(shorten(url, 300));
}

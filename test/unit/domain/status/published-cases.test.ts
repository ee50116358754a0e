/** What kstatus, gitops-engine and Argo CD publish about the health of objects, beside what we say. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Status, StatusWord } from '../../../../src/domain/status/generic/status.ts';
import { statusOf } from '../../../../src/domain/status/table.ts';

interface PublishedCase {
  readonly project: 'kstatus' | 'gitops-engine' | 'argo-cd';
  readonly case: string;
  readonly theirs: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly ours: StatusWord;
  readonly difference?: string;
}

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const cases = parse(read('published-cases.yaml')) as readonly PublishedCase[];
const record = read('../../../../docs/adr/0009-statuses-of-others.md');

const kstatusWords: Readonly<Record<string, StatusWord>> = {
  InProgress: 'progressing',
  Current: 'current',
  Failed: 'failed',
  Terminating: 'terminating',
  Unknown: 'unknown',
};

/** Argo's words: Progressing is also said of what is being deleted; Suspended is a code of ours. */
function agrees({ project, theirs }: PublishedCase, { word, code }: Status): boolean {
  if (project === 'kstatus') return kstatusWords[theirs] === word;
  if (theirs === 'Suspended') return code === 'suspended' || code === 'paused';
  if (theirs === 'Progressing') return word === 'progressing' || word === 'terminating';
  return { Healthy: 'current', Degraded: 'failed' }[theirs] === word;
}

function ourStatus({ apiVersion, kind, metadata, spec, status }: PublishedCase): Status {
  return statusOf({ apiVersion, kind, metadata: { name: 'test', ...metadata }, spec, status });
}

test.each(cases)('$project, $kind: $case', (one) => {
  const status = ourStatus(one);
  expect(status.word).toBe(one.ours);
  expect(agrees(one, status) ? 'agreed' : 'different').toBe(one.difference ? 'different' : 'agreed');
});

describe('the list', () => {
  const differences = cases.flatMap(({ difference }) => difference ?? []);

  test('has at least 100 cases, each once', () => {
    expect(cases.length).toBeGreaterThanOrEqual(100);
    expect(new Set(cases.map((one) => `${one.project} ${one.case}`)).size).toBe(cases.length);
  });

  test('has at most five differences, each with its paragraph', () => {
    expect(differences.length).toBeLessThanOrEqual(5);
    const paragraphs = [...record.matchAll(/^\*\*`([a-z-]+)`\*\*/gm)].map((match) => match[1]);
    expect(paragraphs.sort()).toEqual([...differences].sort());
  });
});

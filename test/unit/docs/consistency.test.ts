/** The documents agree with the repository and with the code: links, paths, commands, reason codes, the Role. */
import { existsSync, globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { reasons } from '../../../src/domain/failure/reasons.ts';
import { outcomes } from '../../../src/domain/result/outcome.ts';
import { servicePermissions, standingPermissions } from '../../../src/domain/workloads/permissions.ts';

const root = join(import.meta.dirname, '../../..');
const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: root })];

async function nodesOf(page: string): Promise<readonly Nodes[]> {
  const flat = (node: Nodes): readonly Nodes[] => [
    node,
    ...('children' in node ? node.children.flatMap(flat) : []),
  ];
  return flat(fromMarkdown(await readFile(join(root, page), 'utf8')));
}

/** Text that readers copy: code spans, and the lines of code blocks. */
async function codeOf(page: string): Promise<readonly string[]> {
  return (await nodesOf(page)).flatMap((node) =>
    node.type === 'inlineCode' || node.type === 'code' ? node.value.split('\n') : [],
  );
}

describe.each(pages)('%s', (page) => {
  test('every relative link leads somewhere', async () => {
    const targets = (await nodesOf(page))
      .flatMap((node) => (node.type === 'link' || node.type === 'image' ? [node.url] : []))
      .filter((url) => !/^[a-z]+:/.test(url));
    const dead = targets.filter((url) => !existsSync(join(root, dirname(page), url.replace(/#.*$/, ''))));
    expect(dead).toEqual([]);
  });

  test('every path of the sources that it names is there', async () => {
    const named = (await codeOf(page)).flatMap(
      (line) => line.match(/\b(?:src|test|testbed|bench|scripts|examples)\/[\w./-]*\w/g) ?? [],
    );
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('every npm script that it names is there', async () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
    const named = (await codeOf(page)).flatMap((line) =>
      [...line.matchAll(/npm run ([\w-]+)/g)].map((match) => match[1] ?? ''),
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

test('docs/ARCHITECTURE.md says what each package is for', async () => {
  const names = z.record(z.string(), z.string());
  const { dependencies, devDependencies } = z
    .object({ dependencies: names, devDependencies: names })
    .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const code = new Set(await codeOf('docs/ARCHITECTURE.md'));
  expect(Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !code.has(name))).toEqual([]);
});

test('the README has the two commands word for word', async () => {
  const lines = await codeOf('README.md');
  expect(lines).toContain('npm ci && npm run demo');
  expect(lines).toContain('npm ci && npm test');
});

describe('docs/QUICK_REFERENCE.md', () => {
  test('has a row for each reason, and no others', async () => {
    const text = await readFile(join(root, 'docs/QUICK_REFERENCE.md'), 'utf8');
    const rows = text.slice(text.indexOf('## Reasons')).matchAll(/^\| `([a-z-]+)` *\| *\S/gm);
    expect([...rows].map((row) => row[1]).sort()).toEqual([...reasons].sort());
  });

  test('says what each outcome is', async () => {
    const code = new Set(await codeOf('docs/QUICK_REFERENCE.md'));
    expect(outcomes.filter((outcome) => !code.has(outcome))).toEqual([]);
  });
});

test('each row of the states in docs/ARCHITECTURE.md is named by a test that runs the bundle', async () => {
  const page = await readFile(join(root, 'docs/ARCHITECTURE.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (\d+) +\|/gm)].map((match) => Number(match[1]));
  expect(rows).toHaveLength(25);
  const files = globSync('test/{cluster,node,workflow}/*.test.ts', { cwd: root });
  const texts = await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')));
  const cited = new Set(texts.flatMap(rowsNamedIn));
  expect(rows.filter((row) => !cited.has(row))).toEqual([]);
});

/** `row 5`, `rows 6, 12 and 24`, `rows 16 to 19`. */
function rowsNamedIn(text: string): readonly number[] {
  return [...text.matchAll(/\brows? (\d+(?:(?:, | and | to )\d+)*)/g)].flatMap(([, list = '']) =>
    list.split(/, | and /).flatMap((part) => {
      const [first = 0, last = first] = part.split(' to ').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    }),
  );
}

const roleSchema = z.object({
  kind: z.string(),
  metadata: z.object({ namespace: z.string().optional() }),
  rules: z
    .array(
      z.object({
        apiGroups: z.array(z.string()),
        resources: z.array(z.string()),
        verbs: z.array(z.string()),
      }),
    )
    .optional(),
});

test('docs/role.yaml gives what every release needs, in its namespace', async () => {
  const text = await readFile(join(root, 'docs/role.yaml'), 'utf8');
  const role = parseAllDocuments(text)
    .map((document) => roleSchema.parse(document.toJS()))
    .find(({ kind }) => kind === 'Role');
  const rules = role?.rules ?? [];
  const namespace = role?.metadata.namespace ?? '';
  const missing = [...standingPermissions(namespace), ...servicePermissions(namespace)].filter(
    ({ group, resource, subresource, verb }) => {
      const name = subresource === undefined ? resource : `${resource}/${subresource}`;
      return !rules.some(
        (rule) =>
          rule.apiGroups.includes(group) && rule.resources.includes(name) && rule.verbs.includes(verb),
      );
    },
  );
  expect(missing).toEqual([]);
});

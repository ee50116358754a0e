import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const root = join(import.meta.dirname, '../../..');
const stepSchema = z.object({
  id: z.string().optional(),
  uses: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
});
const workflowSchema = z.object({
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(z.string(), z.object({ steps: z.array(stepSchema) })),
});
const metadataSchema = z.object({
  inputs: z.record(z.string(), z.unknown()),
  outputs: z.record(z.string(), z.unknown()),
});

function load<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema> {
  return schema.parse(parse(readFileSync(join(root, path), 'utf8')));
}

function stepsOf(path: string): z.output<typeof stepSchema>[] {
  return Object.values(load(path, workflowSchema).jobs).flatMap(({ steps }) => steps);
}

/** The metadata file of `orion/deploy-staging@v1`; undefined for what is not ours. */
function ownAction({ uses = '' }: { readonly uses?: string | undefined }): string | undefined {
  const name = /^orion\/([^/@]+)@v\d+$/.exec(uses)?.[1];
  return name === 'deploy' ? 'action.yml' : name && `${name}/action.yml`;
}

const examples = globSync('examples/workflows/*.yml', { cwd: root });
const all = [...examples, ...globSync('.github/workflows/*.yml', { cwd: root })];

test('there are examples, and each uses an action of ours', () => {
  expect(examples).not.toHaveLength(0);
  for (const path of examples) expect(stepsOf(path).some((step) => ownAction(step) !== undefined)).toBe(true);
});

/** Steps that have to prove an approval: they need `checks: read` (docs/adr/0010-approval.md). */
const asksForApproval = (step: z.output<typeof stepSchema>): boolean =>
  ownAction(step) === 'deploy-production/action.yml' || step.with?.['github-environment'] !== undefined;

const pages = globSync('{README.md,docs/**/*.md,*/README.md}', { cwd: root, exclude: ['node_modules/**'] });

test.each(pages)('%s names our actions as they are published, and pins what is not ours', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const used = [...text.matchAll(/^ *(?:- )?uses: (.+)$/gm)].map(([, name]) => name ?? '');
  const own = used.filter((name) => name.startsWith('orion/'));
  expect(own.filter((uses) => !existsSync(join(root, ownAction({ uses }) ?? 'none')))).toEqual([]);
  const foreign = used.filter((name) => !name.startsWith('orion/'));
  expect(foreign.filter((name) => !/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(name))).toEqual([]);
});

describe.each(examples)('%s', (path) => {
  test('may read what proves an approval, where it asks for one', () => {
    if (!stepsOf(path).some(asksForApproval)) return;
    const { permissions } = load(path, workflowSchema);
    expect(permissions).toMatchObject({ actions: 'read', checks: 'read' });
  });

  const own = stepsOf(path).flatMap((step) => {
    const action = ownAction(step);
    return action === undefined ? [] : [{ step, metadata: load(action, metadataSchema) }];
  });

  test('gives our actions inputs that they have', () => {
    for (const { step, metadata } of own) {
      expect(Object.keys(metadata.inputs)).toEqual(expect.arrayContaining(Object.keys(step.with ?? {})));
    }
  });

  test('reads outputs, and only those that our actions have', () => {
    const text = readFileSync(join(root, path), 'utf8');
    const read = own.map(({ step, metadata }) => {
      const names = [...text.matchAll(/steps\.([\w-]+)\.outputs\.([\w-]+)/g)]
        .filter(([, id]) => id === step.id)
        .map(([, , output]) => output);
      expect(Object.keys(metadata.outputs)).toEqual(expect.arrayContaining(names));
      return names;
    });
    expect(read.flat()).not.toHaveLength(0);
  });
});

test.each(all)('%s pins what is not ours to a full SHA, with its version, and may only read', (path) => {
  const lines = readFileSync(join(root, path), 'utf8').split('\n');
  const foreign = lines.filter((line) => /\buses:/.test(line) && !/uses: orion\//.test(line));
  for (const line of foreign) expect(line).toMatch(/uses: [\w-]+\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  expect(Object.values(load(path, workflowSchema).permissions)).toEqual(
    expect.not.arrayContaining(['write']),
  );
});

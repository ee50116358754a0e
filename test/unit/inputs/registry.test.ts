import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { generatedFiles } from '../../../scripts/generate-tables.ts';
import { actionNames, defaultOf, filesOf, inputsOf, outputsOf } from '../../../src/inputs/registry.ts';

const root = join(import.meta.dirname, '../../..');

interface ActionMetadata {
  readonly inputs: Readonly<Record<string, { description: string; default?: string; required?: boolean }>>;
  readonly outputs: Readonly<Record<string, { description: string }>>;
  readonly runs: Readonly<Record<string, string>>;
}

describe.each(actionNames)('the registry for %s', (action) => {
  const metadata: ActionMetadata = parse(readFileSync(join(root, filesOf(action).metadata), 'utf8'));

  it('is what action.yml says', () => {
    const inputs = inputsOf(action).map((entry) => {
      const value = defaultOf(entry, action);
      const { name, description, required = false } = entry;
      return [name, { description, required, ...(value === undefined ? {} : { default: value }) }];
    });
    expect(metadata.inputs).toStrictEqual(Object.fromEntries(inputs));
    const outputs = outputsOf(action).map(({ name, description }) => [name, { description }]);
    expect(metadata.outputs).toStrictEqual(Object.fromEntries(outputs));
  });

  it('runs its bundle, and what changes something runs it once more after the job', () => {
    const bundle = `${action === 'phase' ? '' : '../'}dist/${action}/index.js`;
    const post = action === 'smoke-tests' ? {} : { post: bundle, 'post-if': 'always()' };
    expect(metadata.runs).toStrictEqual({ using: 'node24', main: bundle, ...post });
  });

  it('has every input once', () => {
    const names = inputsOf(action).map((entry) => entry.name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('the generator of tables', () => {
  it.each(generatedFiles())('has written $path', ({ now, wanted }) => {
    expect(now).toBe(wanted);
  });
});

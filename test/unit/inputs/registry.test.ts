import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { generatedFiles } from '../../../scripts/generate-tables.ts';
import { type InputEntry, inputsOf, laterInputs, outputsOf } from '../../../src/inputs/registry.ts';

const root = join(import.meta.dirname, '../../..');

interface ActionMetadata {
  readonly inputs: Readonly<Record<string, { description: string; default?: string; required?: boolean }>>;
  readonly outputs: Readonly<Record<string, { description: string }>>;
  readonly runs: Readonly<Record<string, string>>;
}

describe('the registry', () => {
  const metadata: ActionMetadata = parse(readFileSync(join(root, 'deploy-staging/action.yml'), 'utf8'));

  it('is what deploy-staging/action.yml says', () => {
    const inputs = inputsOf('deploy-staging').map(({ name, description, defaults }: InputEntry) => [
      name,
      { description, required: false, ...(defaults === undefined ? {} : { default: defaults.staging }) },
    ]);
    expect(metadata.inputs).toStrictEqual(Object.fromEntries(inputs));
    const outputs = outputsOf('deploy-staging').map(({ name, description }) => [name, { description }]);
    expect(metadata.outputs).toStrictEqual(Object.fromEntries(outputs));
  });

  it('runs the same bundle before and after', () => {
    expect(metadata.runs).toStrictEqual({
      using: 'node24',
      main: '../dist/deploy-staging/index.js',
      post: '../dist/deploy-staging/index.js',
      'post-if': 'always()',
    });
  });

  it('has every input once, and none that is announced for later', () => {
    const names = inputsOf('deploy-staging').map((entry) => entry.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => laterInputs.includes(name))).toStrictEqual([]);
  });

  it.each(generatedFiles())('has written $path', ({ now, wanted }) => {
    expect(now).toBe(wanted);
  });
});

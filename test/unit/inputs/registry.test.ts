import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { generatedFiles } from '../../../scripts/generate-tables.ts';
import {
  actionEnvironments,
  actionNames,
  type InputEntry,
  inputsOf,
  laterInputs,
  outputsOf,
} from '../../../src/inputs/registry.ts';

const root = join(import.meta.dirname, '../../..');

interface ActionMetadata {
  readonly inputs: Readonly<Record<string, { description: string; default?: string; required?: boolean }>>;
  readonly outputs: Readonly<Record<string, { description: string }>>;
  readonly runs: Readonly<Record<string, string>>;
}

describe.each(actionNames)('the registry for %s', (action) => {
  const metadata: ActionMetadata = parse(readFileSync(join(root, action, 'action.yml'), 'utf8'));

  it('is what action.yml says', () => {
    const environment = actionEnvironments[action];
    const inputs = inputsOf(action).map(({ name, description, defaults }: InputEntry) => [
      name,
      { description, required: false, ...(defaults === undefined ? {} : { default: defaults[environment] }) },
    ]);
    expect(metadata.inputs).toStrictEqual(Object.fromEntries(inputs));
    const outputs = outputsOf(action).map(({ name, description }) => [name, { description }]);
    expect(metadata.outputs).toStrictEqual(Object.fromEntries(outputs));
  });

  it('runs the same bundle before and after', () => {
    expect(metadata.runs).toStrictEqual({
      using: 'node24',
      main: `../dist/${action}/index.js`,
      post: `../dist/${action}/index.js`,
      'post-if': 'always()',
    });
  });

  it('has every input once, and none that is announced for later', () => {
    const names = inputsOf(action).map((entry) => entry.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => laterInputs.includes(name))).toStrictEqual([]);
  });
});

describe('the generator of tables', () => {
  it.each(generatedFiles())('has written $path', ({ now, wanted }) => {
    expect(now).toBe(wanted);
  });
});

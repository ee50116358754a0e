/** The action smoke-tests, by its bundle, with `environment: local`. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import { type StepResult, startStep } from '../../../testbed/workflow-step.ts';

const bundle = join(import.meta.dirname, '../../../dist/smoke-tests/index.js');

/** Runs it on an orion.yaml; a failure is tried once more, at once. */
export async function smoke(
  section: object,
  inputs: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<StepResult> {
  const workspace = await mkdtemp(join(tmpdir(), 'orion-local-'));
  await writeFile(
    join(workspace, 'orion.yaml'),
    stringify({ app: 'shop', smoke: { retries: 0, ...section } }),
  );
  const step = await startStep({
    bundle,
    workspace,
    inputs: { environment: 'local', report: 'out/smoke.xml', ...inputs },
    env: { KUBECONFIG: '/nonexistent', ...env },
  });
  const result = await step.result;
  if (result.outputs['report'] !== undefined && result.outputs['report'] !== '') {
    expect(await readFile(result.outputs['report'], 'utf8')).toContain('<testsuites');
  }
  return result;
}

/** All that anybody may read of it, without the commands that tell the runner what to mask. */
export async function everythingShown(step: StepResult): Promise<string> {
  const files = [step.outputs['result'], step.outputs['report']].filter((path) => path);
  return [
    ...step.output.split('\n').filter((line) => !line.startsWith('::add-mask::')),
    step.summary,
    ...(await Promise.all(files.map((path) => readFile(path ?? '', 'utf8')))),
  ].join('\n');
}

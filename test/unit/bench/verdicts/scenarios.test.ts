/** Every scenario of the verdict bench can be run: its file, its kustomizations, its patterns, and none of the catalogue is missing. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { JSONPath } from 'jsonpath-plus';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { type Scenario, scenarioSchema, type WritePattern } from '../../../../bench/judge/scenario.ts';
import { numberOf } from '../../../../bench/trials/catalogue.ts';

const roots = ['verdicts', 'production/scenarios'].map((name) =>
  join(import.meta.dirname, '../../../../bench', name),
);
const folders = roots.flatMap((root) =>
  readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(root, name)),
);
const catalogue = Array.from({ length: 40 }, (_, index) => String(index + 1).padStart(2, '0'));

function lineOf(folder: string): string {
  return numberOf(basename(folder));
}

function scenarioOf(folder: string): Scenario {
  return scenarioSchema.parse(parse(readFileSync(join(folder, 'scenario.yaml'), 'utf8')));
}

function patternsOf({ evidence, settledBy, disturbance }: Scenario): readonly WritePattern[] {
  const patterns = [...(evidence ?? []), ...(settledBy ?? []), ...disturbance.map(({ when }) => when)];
  return patterns.filter((pattern) => pattern !== undefined);
}

test('every line of the catalogue has a folder', () => {
  const lines = new Set(folders.filter((folder) => folder.startsWith(`${roots[0]}/`)).map(lineOf));
  expect(catalogue.filter((line) => !lines.has(line))).toEqual([]);
});

describe.each(folders.map((folder) => [basename(folder), folder]))('%s', (name, folder) => {
  test('is named by its line and says what it needs to be judged', () => {
    expect(name).toMatch(/^\d{2,3}-[a-z0-9]+(-[a-z0-9]+)*$/);
    const scenario = scenarioOf(folder);
    const failing = scenario.truth === 'broken' || scenario.truth === 'refused';
    expect(scenario.class === 'sound').toBe(!failing);
    if (failing) {
      expect(scenario).toMatchObject({ phase: expect.any(String), exitCode: expect.any(Number) });
      expect(scenario.cause).not.toEqual([]);
    }
    if (scenario.truth === 'broken') expect(scenario.evidence).toBeDefined();
  });

  test('has patterns that compile and files that are there', () => {
    const scenario = scenarioOf(folder);
    for (const cause of scenario.cause) expect(() => new RegExp(cause, 'i')).not.toThrow();
    for (const { name = '', message = '', where } of patternsOf(scenario)) {
      expect(() => [new RegExp(name), new RegExp(message)]).not.toThrow();
      if (where === undefined) continue;
      // Something of everything, so that each filter is evaluated, and nothing in it holds.
      const json = { spec: {}, message: 'm', status: { conditions: [{ type: '', status: '' }] } };
      expect(() => JSONPath({ path: where, json, wrap: true, eval: 'safe' })).not.toThrow();
    }
    for (const { kubectl = [] } of [...scenario.setup, ...scenario.disturbance]) {
      const file = kubectl[kubectl.indexOf('-f') + 1];
      if (kubectl.includes('-f')) expect(existsSync(join(folder, file ?? '')), file).toBe(true);
    }
  });

  test('renders', async () => {
    const parts = ['before', 'overlay'].filter((part) => existsSync(join(folder, part)));
    expect(parts).toContain('overlay');
    for (const part of parts) {
      const { stdout } = await promisify(execFile)('kubectl', ['kustomize', join(folder, part)], {
        maxBuffer: 2 ** 26,
      });
      const objects = parseAllDocuments(stdout).map((document) => document.toJS());
      expect(objects.length).toBeGreaterThan(0);
      for (const { metadata } of objects) expect(metadata.namespace).toBeUndefined();
    }
  }, 60_000);
});

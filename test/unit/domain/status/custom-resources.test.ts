/** Custom resources: by the vocabulary, and by the table of kinds. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { toneOf } from '../../../../src/domain/status/generic/vocabulary.ts';
import { allRules, ruleFor } from '../../../../src/domain/status/rules/rules.ts';
import { statusOf } from '../../../../src/domain/status/table.ts';

interface Case {
  readonly name: string;
  /** `Kind.group` */
  readonly of: string;
  readonly conditions?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
  readonly spec?: unknown;
  readonly is: string;
  readonly code?: string;
  readonly message?: string;
  /** Of metadata. */
  readonly [field: string]: unknown;
}

const file = new URL('custom-resources.yaml', import.meta.url);
const cases = parse(readFileSync(file, 'utf8')) as readonly Case[];

function objectOf({
  name: _,
  of,
  conditions,
  status,
  spec,
  is: __,
  code: ___,
  message: ____,
  ...metadata
}: Case) {
  const dot = of.indexOf('.');
  const listed = Object.entries(conditions ?? {}).map(([type, told]) =>
    typeof told === 'object' ? { type, ...told } : { type, status: told },
  );
  return {
    apiVersion: `${of.slice(dot + 1)}/v1`,
    kind: of.slice(0, dot),
    metadata: { name: 'one', generation: 1, ...metadata },
    spec: spec ?? {},
    ...(status === undefined && conditions === undefined
      ? {}
      : { status: { ...status, ...(conditions === undefined ? {} : { conditions: listed }) } }),
  } as KubernetesObject;
}

test.each(cases)('$of: $name', (one) => {
  const { word, code, message } = statusOf(objectOf(one));
  expect({ word, code }).toEqual({ word: one.is, code: one.code ?? code });
  if (one.message !== undefined) expect(message).toBe(one.message);
});

test.each([
  ['Running', 'current'],
  ['HEALTHY', 'current'],
  ['up-to-date', 'current'],
  ['NotReady', 'unready'],
  ['Unavailable', 'unready'],
  ['CreateFailed', 'failed'],
  ['backend not found', 'failed'],
  ['NoErrors', 'current'],
  ['no space left', undefined],
  ['CrashLoopBackOff', 'failed'],
  ['WaitingForInfrastructure', 'progressing'],
  ['Waiting for Pods to be ready', 'progressing'],
  ['ScaledJobPaused', 'suspended'],
  ['Odd', undefined],
  ['', undefined],
] as const)('"%s" says %s', (text, tone) => {
  expect(toneOf(text)).toBe(tone);
});

test('no kind stands in two rules', () => {
  const kinds = allRules.flatMap((rule) => rule.kinds.split(/\s+/));
  expect(kinds.filter((kind, place) => kinds.indexOf(kind) !== place)).toEqual([]);
});

test('a kind goes before its group, and a group before those above it', () => {
  const rule = (apiVersion: string, kind: string) => ruleFor({ apiVersion, kind })?.kinds;
  expect(rule('keda.sh/v1', 'TriggerAuthentication')).toContain('TriggerAuthentication.keda.sh');
  expect(rule('s3.aws.upbound.io/v1', 'Bucket')).toContain('*.*.upbound.io');
  expect(rule('example.test/v1', 'Widget')).toBeUndefined();
  expect(rule('v1', 'ConfigMap')).toBeUndefined();
});

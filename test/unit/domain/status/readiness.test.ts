import { describe, expect, test } from 'vitest';
import { holds, isReadable, parseExpression } from '../../../../src/domain/status/generic/expressions.ts';
import { readinessExpressions } from '../../../../src/domain/status/readiness.ts';

const widget = {
  apiVersion: 'example.test/v1',
  kind: 'Widget',
  metadata: { name: 'one', generation: 2, annotations: { 'example.test/stage': 'live' } },
  spec: { ports: [{ port: 80 }, { port: 80 }, { port: 443 }] },
  status: {
    phase: 'Running',
    count: 0,
    healthy: true,
    empty: [],
    nested: { deep: 'a=b' },
    loadBalancer: { ingress: [{ ip: '192.0.2.7' }] },
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Synced', status: 'False' },
      { type: 'Old', status: 'True', observedGeneration: 1 },
    ],
  },
};

const outcome = (text: string): boolean | string => {
  const parsed = parseExpression(text);
  return isReadable(parsed) ? holds(parsed, widget) : parsed.why;
};

test.each([
  ['condition=Ready', true],
  ['condition=ready', true],
  ['condition=Ready=false', false],
  ['condition=Synced', false],
  ['condition=Synced=False', true],
  ['condition=Absent', false],
  ['condition=Absent=False', false],
  ['condition=Old', false],
  ['jsonpath={.status.phase}=Running', true],
  ["jsonpath='{.status.phase}'=Running", true],
  ['jsonpath="{.status.phase}"="Running"', true],
  ['{.status.phase}=Running', true],
  ['{$.status.phase}=Running', true],
  ['{ .status.phase }=Running', true],
  ['{.status.phase}=Failed', false],
  ['{.status.count}=0', true],
  ['{.status.count}', true],
  ['{.status.healthy}=true', true],
  ['{.status.nested.deep}=a=b', true],
  ['{.status.nested}=a', false],
  ['{.status.absent}=x', false],
  ['{.status.absent.deeper}', false],
  ['jsonpath={.status.loadBalancer.ingress}', true],
  ['jsonpath={.status.empty}', false],
  ['{.status.loadBalancer.ingress[0].ip}=192.0.2.7', true],
  ['{.status.conditions[1].status}=False', true],
  ["{.status['phase']}=Running", true],
  ['{.metadata.annotations.example\\.test/stage}=live', true],
  ['{.spec.ports[*].port}=80', false],
  ['{.spec.ports[*].port}', true],
  ['{.constructor}', false],
  ['{.__proto__}', false],
])('%s: %s', (text, expected) => {
  expect(outcome(text)).toBe(expected);
});

test.each([
  'Ready',
  'condition=',
  'condition=Ready=True=False',
  'status=Ready',
  'jsonpath=.status.phase',
  '{}',
  '{.status.phase',
  '{.status.phase}Running',
  '{.status.phase}=',
  '{.status.phase}==Running=',
  "{.status.conditions[?(@.type=='Ready')].status}=True",
  '{.status[(@.length-1)]}',
  '{..phase}=Running',
  '{.status.phase^}',
  '{.status.phase~}',
  "{.status['phase`']}",
])('%s cannot be read, or holds for nothing', (text) => {
  expect(outcome(text)).not.toBe(true);
});

describe('the pre-check', () => {
  const annotated = (annotations: Readonly<Record<string, string>>) => ({
    ...widget,
    metadata: { name: 'one', annotations },
  });

  test('finds nothing to say about readable expressions', () => {
    const object = annotated({
      'orion.dev/ready-when': 'condition=Ready\n  {.status.phase}=Running;\n',
      'orion.dev/failed-when': '{.status.phase}=Failed',
    });
    expect(readinessExpressions(object).problems).toEqual([]);
    expect(readinessExpressions(widget).problems).toEqual([]);
  });

  test('names annotation, expression, fault and remedy', () => {
    const { problems } = readinessExpressions(
      annotated({
        'orion.dev/ready-when': 'condition=Ready; Available',
        'orion.dev/failed-when': "{.status.conditions[?(@.type=='X')]}",
      }),
    );
    expect(problems.map(({ annotation, cause }) => [annotation, cause])).toEqual([
      [
        'orion.dev/ready-when',
        'its annotation orion.dev/ready-when cannot be read: "Available" is neither a condition nor a JSONPath in braces.',
      ],
      [
        'orion.dev/failed-when',
        `its annotation orion.dev/failed-when cannot be read: "{.status.conditions[?(@.type=='X')]}" has a filter, which is not supported.`,
      ],
    ]);
    expect(problems.every(({ remedy }) => remedy.includes('`condition=Ready`'))).toBe(true);
  });

  test('an empty annotation is a mistake', () => {
    expect(readinessExpressions(annotated({ 'orion.dev/ready-when': '\n' })).problems).toHaveLength(1);
  });
});

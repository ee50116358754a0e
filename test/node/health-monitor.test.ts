/** Errors in the logs of the new pods, on the real node: broken when they are many and new, sound when they are as ever. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { StepResult } from '../../testbed/workflow-step.ts';
import { type Deployer, deployerFor, dropNamespace } from '../support/actions/deployer.ts';
import { writeShop } from '../support/actions/shop-overlay.ts';

let deployer: Deployer;
const namespaces: string[] = [];

beforeAll(async () => {
  deployer = await deployerFor('health-monitor', inject('stateDirectory'));
});

afterAll(async () => {
  await Promise.all(namespaces.map((name) => dropNamespace(deployer.api, name)));
  await deployer.close();
});

/** A program that logs so many errors, one in some tenths of a second, beginning after a while; then it goes on in silence. */
function logging(errors: number, line: string, pause = '0.2'): string {
  return `trap 'exit 0' TERM; echo '{"level":"info","msg":"error handler ready"}'; sleep 4; i=0; while [ $i -lt ${errors} ]; do i=$((i+1)); echo '${line}'; sleep ${pause}; done; sleep 100000 & wait`;
}

const json = '{"level":"error","msg":"order 7 lost ::error::forged"}';

async function deploy(namespace: string, script: string, monitor: string, workspace?: string) {
  if (workspace === undefined) namespaces.push(namespace);
  const folder = await writeShop({ namespace, workloads: [{ name: 'web', script }] }, workspace);
  const step = await deployer.deploy(folder, { monitor });
  return { step, folder };
}

async function phasesOf(
  step: StepResult,
): Promise<readonly { phase: string; result: string; took: number }[]> {
  const result = JSON.parse(await readFile(step.outputs['result'] ?? '', 'utf8'));
  return result.phases.map(
    (one: { phase: string; result: string; startedAt: number; finishedAt: number }) => ({
      phase: one.phase,
      result: one.result,
      took: one.finishedAt - one.startedAt,
    }),
  );
}

describe.concurrent('the monitor phase', () => {
  test('ends as soon as eleven errors are there, long before its time, and shows them', async () => {
    const namespace = 'health-eleven';
    const { step } = await deploy(namespace, logging(11, json), '90s');
    expect(step.outputs, step.output).toMatchObject({
      outcome: 'failed',
      'exit-code': '3',
      reason: 'too-many-errors',
    });
    expect(step.exitCode).toBe(3);
    for (const text of [step.output, step.summary]) {
      expect(text).toContain('logged 11 errors');
      expect(text).toContain('11 × order 7 lost');
      expect(text).toContain('Pod web-');
    }
    expect(step.output).not.toMatch(/^::error::forged/m);
    const monitor = (await phasesOf(step)).find(({ phase }) => phase === 'monitor');
    expect(monitor).toMatchObject({ result: 'failed' });
    expect(monitor?.took).toBeLessThan(45_000);
    const { releases } = await deployer.records(namespace).list('shop');
    expect(releases[0]?.head).toMatchObject({ status: 'failed', reason: 'too-many-errors' });
  });

  test('passes nine errors, and says how many there were', async () => {
    const { step } = await deploy('health-nine', logging(9, json), '12s');
    expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' });
    expect(step.output).toContain('Deployment web: 9 errors in the logs of 1 new pod');
    const phases = (await phasesOf(step)).map(({ phase }) => phase);
    expect(phases.slice(phases.indexOf('apply'))).toEqual([
      'apply',
      'rollout',
      'health',
      'monitor',
      'smoke',
      'finish',
    ]);
  });

  test('passes as many errors as the old pods had', async () => {
    const namespace = 'health-as-loud';
    const loud = (version: number) =>
      `trap 'exit 0' TERM; echo version ${version}; while true; do echo 'ERROR order lost'; sleep 0.3 & wait $!; done`;
    const first = await deploy(namespace, loud(1), '0s');
    expect(first.step.outputs, first.step.output).toMatchObject({ outcome: 'succeeded' });
    const second = await deploy(namespace, loud(2), '10s', first.folder);
    expect(second.step.outputs, second.step.output).toMatchObject({ outcome: 'succeeded' });
    const errors = /Deployment web: (\d+) errors in the logs of 1 new pod, .* \(old pods \d+\)/.exec(
      second.step.output,
    );
    expect(Number(errors?.[1])).toBeGreaterThan(11);
  });

  test('counts a stack trace once, also from a run that has ended', async () => {
    const trace = String.raw`Traceback (most recent call last):\n  File "a.py", line 3, in main\n    find()\nValueError: order lost`;
    // The first run dies with six traces behind it; the second has six more: together they are too many.
    const script = `trap 'exit 0' TERM; sleep 4; i=0; while [ $i -lt 6 ]; do i=$((i+1)); printf '${trace}\n'; done; [ -e /tmp/shared/died ] || { touch /tmp/shared/died; sleep 3; exit 7; }; sleep 100000 & wait`;
    const folder = await writeShop({
      namespace: 'health-traces',
      workloads: [
        {
          name: 'web',
          script,
          container: { volumeMounts: [{ name: 'shared', mountPath: '/tmp/shared' }] },
          pod: { volumes: [{ name: 'shared', emptyDir: {} }] },
        },
      ],
    });
    namespaces.push('health-traces');
    const step = await deployer.deploy(folder, { monitor: '60s' });
    expect(step.outputs, step.output).toMatchObject({ 'exit-code': '3', reason: 'too-many-errors' });
    expect(step.output).toContain('12 × ValueError: order lost');
  });
});

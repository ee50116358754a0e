/** Nothing that a Secret holds is ever shown, whoever repeats it: the server, a pod's log, a diff. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { StepResult } from '../../testbed/workflow-step.ts';
import { type Deployer, deployerFor, dropNamespace, everythingShown } from '../support/actions/deployer.ts';
import { overlayPath, type ShopWorkload, writeShop } from '../support/actions/shop-overlay.ts';

const namespace = 'canaries';
/** Shorter values are too common to be masked; they are never rendered as values. */
const minMaskLength = 8;

let deployer: Deployer;
beforeAll(async () => {
  deployer = await deployerFor('canaries', inject('stateDirectory'));
});
afterAll(async () => {
  await dropNamespace(deployer.api, namespace);
  await deployer.close();
});

/** Random text of exactly this length, first letter never one that YAML or a shell would read as something else. */
function canary(length: number): string {
  return `k${randomBytes(40).toString('hex')}`.slice(0, length);
}

const lengths = Array.from({ length: 40 }, (_, index) => index + 1);
const rendered = Object.fromEntries(lengths.map((length) => [`R${length}`, canary(length)]));
const live = Object.fromEntries(lengths.map((length) => [`L${length}`, canary(length)]));
const lines = [canary(30), canary(12), canary(20)];
const url = `postgres://shop:${canary(16)}@database:5432/shop?options=a%20b`;

const canaries = [...Object.values(rendered), ...Object.values(live), ...lines, url].filter(
  (value) => value.length >= minMaskLength,
);

/** What is certain of a value's base64 inside a longer encoded text, for each place that it can start at. */
function encodings(value: string): readonly string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.from(' '.repeat(shift) + value)
      .toString('base64')
      .replace(/=+$/, '');
    return encoded.slice(Math.ceil((shift * 8) / 6), -1);
  });
}

function expectNoCanary(shown: string): void {
  for (const value of canaries) {
    for (const form of [value, ...encodings(value)]) {
      expect(shown.includes(form), `a value of ${value.length} characters, as ${form}`).toBe(false);
    }
  }
}

function crasher(script: string): ShopWorkload {
  return {
    name: 'web',
    script,
    container: {
      envFrom: [{ secretRef: { name: 'rendered' } }, { secretRef: { name: 'given' } }],
    },
  };
}

/** Says all that it knows, plainly, encoded and inside other text, and dies. */
const blabbermouth = [
  "env | grep -E '^[RL](3.|40|8|9)='",
  "env | busybox sed -n 's/^[RL]24=/token;/p'",
  'env | grep ^R4 | busybox base64 -w 0',
  'exit 1',
].join('; ');

async function deployWith(workload: ShopWorkload, workspace?: string) {
  const folder = await writeShop(
    {
      namespace,
      workloads: [workload],
      kustomization: {
        secretGenerator: [{ name: 'rendered', envs: ['rendered.env'], files: ['key.pem'] }],
      },
      files: {
        [`${overlayPath}/rendered.env`]: Object.entries({ ...rendered, URL: url })
          .map(([name, value]) => `${name}=${value}\n`)
          .join(''),
        [`${overlayPath}/key.pem`]: `${lines.join('\n')}\n`,
      },
    },
    workspace,
  );
  return { workspace: folder, step: await deployer.deploy(folder, { settle: '5s' }) };
}

test('canaries of every length stay hidden when a pod prints its environment and crashes', async () => {
  await deployer.newNamespace(namespace);
  await deployer.api.create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'given', namespace },
    stringData: live,
  });
  const { step, workspace } = await deployWith(crasher(blabbermouth));
  expect(step.outputs, step.output).toMatchObject({ 'exit-code': '2', reason: 'crash-loop' });
  // The log's tail has 25 lines, and the environment is in no order.
  expect(step.output).toMatch(/[RL]3\d=\*{3}/);
  expect(step.output).toContain('token;');
  await expectHidden(step);

  // Changed values: the diff of a Secret names keys only.
  const second = await deployWith(crasher(`${blabbermouth} # again`), workspace);
  await expectHidden(second.step);
});

test('a server that quotes a value in its refusal does not spread it', async () => {
  const workspace = await writeShop({
    namespace,
    workloads: [{ name: 'web' }],
    objects: [
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'broken' },
        stringData: { token: rendered['R33'], short: rendered['R3'] },
      },
      // A value that ended up where the server repeats it.
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'odd', labels: { token: `${rendered['R33']}!` } },
      },
    ],
  });
  const step = await deployer.deploy(workspace);
  expect(step.outputs, step.output).toMatchObject({ 'exit-code': '1', reason: 'object-invalid' });
  await expectHidden(step);
});

async function expectHidden(step: StepResult & { readonly post: StepResult }): Promise<void> {
  for (const one of [step, step.post]) expectNoCanary(await everythingShown(one));
  // The runner is told, so that later steps cannot show them either.
  expect(step.output).toContain(`::add-mask::${rendered['R33']}`);
  expect(step.output).not.toMatch(/^::add-mask::.{0,7}$/m);
}

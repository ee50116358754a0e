/** A container that ends with the same code each time, and what the last line of its log says of that. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Deployer, deployerFor, dropNamespace } from '../support/actions/deployer.ts';
import { idle, writeShop } from '../support/actions/shop-overlay.ts';

/** Each run adds to the file: emptyDir outlives a container's restart. */
function script(sayLast: string): string {
  return [
    'runs=$(cat /state/runs 2>/dev/null || echo 0); runs=$((runs + 1)); echo $runs > /state/runs',
    'echo starting',
    `if [ $runs -le 3 ]; then ${sayLast}; exit 4; fi`,
    idle,
  ].join('\n');
}

async function deploy(deployer: Deployer, namespace: string, sayLast: string) {
  const workspace = await writeShop({
    namespace,
    workloads: [
      {
        name: 'migrator',
        script: script(sayLast),
        container: { volumeMounts: [{ name: 'state', mountPath: '/state' }] },
        pod: { volumes: [{ name: 'state', emptyDir: {} }] },
      },
    ],
  });
  return deployer.deploy(workspace, { timeout: '150s', 'max-restarts': '3' });
}

describe('three ends with the same code', () => {
  const namespaces = ['engine-last-line-progress', 'engine-last-line-same'] as const;
  let deployer: Deployer;

  beforeAll(async () => {
    deployer = await deployerFor('engine-last-line', inject('stateDirectory'));
  });

  afterAll(async () => {
    for (const namespace of namespaces) await dropNamespace(deployer.api, namespace);
    await deployer.close();
  });

  test('each with another last line, then a run that stays: sound', async () => {
    const main = await deploy(deployer, namespaces[0], 'echo "$(date) migration $runs done"');
    expect(main.outputs, main.output).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' });
    const pods = (await deployer.api.list('v1', 'Pod', { namespace: namespaces[0] })).objects;
    expect(restartsOf(pods[0])).toBe(3);
  });

  test('each with the same last line but for its time: broken at the third end', async () => {
    const main = await deploy(deployer, namespaces[1], 'echo "$(date) no database after $(echo $runs)s"');
    expect(main.outputs, main.output).toMatchObject({
      outcome: 'failed',
      'exit-code': '2',
      reason: 'crash-loop',
    });
    expect(main.output).toContain('3 times in the same way');
    const pods = (await deployer.api.list('v1', 'Pod', { namespace: namespaces[1] })).objects;
    expect(restartsOf(pods[0])).toBe(2);
  });
});

function restartsOf(pod: unknown): number | undefined {
  const { status } = pod as { status: { containerStatuses?: readonly { restartCount: number }[] } };
  return status.containerStatuses?.[0]?.restartCount;
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fault } from '../../../src/domain/failure/fault.ts';
import { parseConfiguration, readConfiguration } from '../../../src/inputs/configuration.ts';

const uid = '1c2f9c57-0b6e-4a36-9f5c-6a4c0e8d7b11';

function fault(text: string): Fault {
  try {
    parseConfiguration(text, 'orion.yaml');
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('orion.yaml', () => {
  it('is read', () => {
    const text = `app: shop\nclusters:\n  main: {uid: ${uid}, environment: production}\n`;
    expect(parseConfiguration(text, 'orion.yaml')).toStrictEqual({
      app: 'shop',
      clusters: { main: { uid, environment: 'production' } },
    });
  });

  it('lists what may be outside the release’s namespace', () => {
    const text = 'namespaces: [shop-jobs]\ncluster-scoped:\n  - ClusterRole/shop:reader\n';
    expect(parseConfiguration(text, 'orion.yaml')).toStrictEqual({
      namespaces: ['shop-jobs'],
      'cluster-scoped': ['ClusterRole/shop:reader'],
    });
  });

  it.each(['', '# nothing yet\n', '{}'])('may be empty: %j', (text) => {
    expect(parseConfiguration(text, 'orion.yaml')).toStrictEqual({});
  });

  it.each([
    ['# one\napp: Shop\n', 2, 'orion.yaml:2: app must be 1 to 63 lower-case letters, digits and dashes.'],
    ['namespaces: [a, B]\n', 1, 'orion.yaml:1: namespaces.1 must be 1 to 63 lower-case letters'],
    ['cluster-scoped:\n  - reader\n', 2, 'orion.yaml:2: cluster-scoped.0 must be a kind'],
    ['cluster-scoped: [clusterrole/reader]\n', 1, 'must be a kind, perhaps with its group, and a name'],
    ['app: 1\n', 1, 'orion.yaml:1: app must be a string.'],
    ['app: a\nap: b\n', 2, 'orion.yaml:2: ap is unknown; did you mean app?'],
    ['x: 1\n', 1, 'orion.yaml:1: x is unknown; known are app, clusters, namespaces, cluster-scoped, smoke.'],
    [`clusters:\n  a:\n    uid: ${uid}\n    enviroment: local\n`, 2, 'orion.yaml:2: clusters.a.environment'],
    [
      `clusters:\n  a:\n    uid: abc\n    environment: local\n`,
      3,
      'orion.yaml:3: clusters.a.uid must be the UID',
    ],
    [
      `clusters:\n  a: {uid: ${uid}, environment: local}\n  b:\n    environment: local\n    uid: ${uid}\n`,
      5,
      'orion.yaml:5: clusters.b.uid is also the UID of a.',
    ],
    ['app: a\napp: b\n', 2, 'orion.yaml:2: is not YAML: Map keys must be unique.'],
    ['- app\n', 1, 'orion.yaml:1: the document must be an object.'],
  ])('%j is refused at line %d', (text, line, message) => {
    const refused = fault(text);
    expect(refused.reason).toBe('bad-config');
    expect(refused.message).toContain(message);
    expect(refused.location).toStrictEqual({ file: 'orion.yaml', line });
  });

  it('reports every problem', () => {
    expect(fault('app: A\nother: 1\n').message.split('\n')).toHaveLength(2);
  });
});

describe('readConfiguration', () => {
  let workspace: string;
  beforeAll(async () => {
    workspace = await mkdtemp(join(tmpdir(), 'orion-configuration-'));
  });
  afterAll(() => rm(workspace, { recursive: true }));

  it('is empty without a file', async () => {
    expect(await readConfiguration({ workspace })).toStrictEqual({});
  });

  it('reads the file that is named, and fails when it is missing', async () => {
    await writeFile(join(workspace, 'other.yaml'), 'app: shop');
    expect(await readConfiguration({ workspace, config: 'other.yaml' })).toStrictEqual({ app: 'shop' });
    await expect(readConfiguration({ workspace, config: 'absent.yaml' })).rejects.toMatchObject({
      reason: 'bad-config',
      message: 'The configuration file absent.yaml cannot be read: it does not exist.',
    });
  });
});

import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderOverlay } from '../../../src/kustomize/render-overlay.ts';
import { findRenderers } from '../../../src/kustomize/renderers.ts';
import {
  deployment,
  fault,
  render,
  scratch,
  simple,
  workspaceOf,
} from '../../support/kustomize/workspaces.ts';

/** What kubectl makes of it without Orion, as JSON by kubectl's own YAML reader. */
function asKubectlSees(folder: string): unknown[] {
  const rendered = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
  if (rendered.status !== 0) throw new Error(rendered.stderr);
  const read = spawnSync('kubectl', ['annotate', '--local', '-f', '-', 'seen=1', '-o', 'json'], {
    encoding: 'utf8',
    input: rendered.stdout,
  });
  if (read.status !== 0) throw new Error(read.stderr);
  // Several objects come as JSON documents one after the other.
  return read.stdout
    .split(/^(?=\{)/m)
    .filter((text) => text.trim() !== '')
    .map((text) => JSON.parse(text));
}

/** As they stand in YAML after `key: `. */
const scalars = [
  ...[
    'yes',
    'no',
    'on',
    'off',
    'y',
    'n',
    'Y',
    'true',
    'True',
    '"true"',
    'null',
    '~',
    '"~"',
    '0x1f',
    '"0x1f"',
    '0o17',
    '017',
  ],
  ...[
    '"017"',
    '08',
    '0b11',
    '1e3',
    '"1e3"',
    '1E3',
    '1.',
    '.5',
    '-0',
    '-0.0',
    '+12',
    '1_000',
    '1:30',
    '2020-01-01',
    '"2020-01-01"',
  ],
  ...[
    '123456789.123456789',
    '9007199254740991',
    '=',
    '"<<"',
    '""',
    "' a '",
    '!!str 12',
    '!!binary aGVsbG8=',
    '"\\u2028\\x01"',
  ],
  ...[
    '|\n      a\n       b\n',
    '>-\n      a\n      b\n',
    '[]',
    '{}',
    '"- a"',
    '"#"',
    '"a: b"',
    '"*a"',
    '"%"',
    '"@"',
    '"`"',
  ],
];
const fields = scalars.map((value, index) => `    f${index}: ${value}\n`).join('');

describe('renderOverlay: what kubectl renders', () => {
  it('renders what kubectl renders, whatever only the outermost kustomization may ask for', async () => {
    const files = {
      ...simple,
      'overlay/kustomization.yaml':
        'resources: [../base]\nnamespace: shop\nbuildMetadata: [managedByLabel, originAnnotations]\nconfigMapGenerator: [{name: settings, literals: [A=1]}]\n',
    };
    const workspace = await workspaceOf(files);
    const { objects } = await renderOverlay({
      overlay: 'overlay',
      workspace,
      allowRemoteBases: false,
      env: process.env,
    });
    const expected = asKubectlSees(join(workspace, 'overlay')).map((object) => {
      const { metadata, ...rest } = object as { metadata: { annotations: Record<string, string> } };
      const { annotations: _, ...kept } = metadata;
      return { ...rest, metadata: kept };
    });
    expect(objects).toStrictEqual(expected);
    expect(objects.map((object) => object.metadata.labels?.['app.kubernetes.io/managed-by'])).toStrictEqual(
      objects.map(() => expect.stringMatching(/^kustomize/)),
    );
  });

  it('keeps annotations of the user, and leaves no empty map', async () => {
    const other = `${deployment.replace('{name: api}', '{name: other, annotations: {a: b}}')}`;
    const { objects } = await render({ ...simple, 'base/api.yaml': `${deployment}---\n${other}` });
    expect(objects.map((object) => object.metadata)).toStrictEqual([
      { name: 'api' },
      { name: 'other', annotations: { a: 'b' } },
    ]);
  });

  it('reads values as kubectl does', async () => {
    const files = {
      ...simple,
      'base/api.yaml': `apiVersion: x.io/v1\nkind: Thing\nmetadata: {name: a}\nspec:\n  values:\n${fields}`,
    };
    const workspace = await workspaceOf(files);
    const { objects } = await renderOverlay({
      overlay: 'overlay',
      workspace,
      allowRemoteBases: false,
      env: process.env,
    });
    const [seen] = asKubectlSees(join(workspace, 'overlay')) as { spec: unknown }[];
    expect(objects[0]?.['spec']).toStrictEqual(seen?.spec);
  });

  it('carries every text of a ConfigMap unchanged', async () => {
    const letters = fc.constantFrom(...'0123456789abcdefnoxy.:_-+~=<>!&*?|%@`"\'#{}[], \n\tEeTtRrUu');
    const texts = fc.array(fc.string({ unit: letters, maxLength: 8 }), { minLength: 150, maxLength: 150 });
    await fc.assert(
      fc.asyncProperty(texts, async (values) => {
        const data = Object.fromEntries(values.map((value, index) => [`k${index}`, value]));
        const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data };
        const { objects } = await render({ ...simple, 'base/api.yaml': JSON.stringify(object) });
        expect(objects[0]?.['data']).toStrictEqual(data);
      }),
      { numRuns: 8 },
    );
  });
});

describe('renderOverlay: lists and namespaces', () => {
  it('expands lists', async () => {
    const { objects } = await render({
      ...simple,
      'base/api.yaml': JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: ['one', 'two'].map((name) => ({
          apiVersion: 'v1',
          kind: 'ServiceAccount',
          metadata: { name },
        })),
      }),
    });
    expect(objects.map((object) => object.metadata.name)).toStrictEqual(['one', 'two']);
  });

  it('says which namespace the overlay sets, and all that objects name', async () => {
    const inside = (namespace: string): string =>
      deployment.replace('{name: api}', `{name: api, namespace: ${namespace}}`);
    const several = await render({ ...simple, 'base/api.yaml': `${inside('b')}---\n${inside('a')}` });
    expect(several.namespaces).toStrictEqual(['a', 'b']);
    expect(several.namespace).toBeUndefined();
    expect((await render({ ...simple, 'base/api.yaml': inside('a') })).namespace).toBe('a');
    expect((await render(simple)).namespace).toBeUndefined();
    const set = await render({
      ...simple,
      'overlay/kustomization.yaml': 'namespace: shop\nresources: [../base]\n',
    });
    expect(set).toMatchObject({
      namespace: 'shop',
      namespaces: ['shop'],
      file: 'overlay/kustomization.yaml',
    });
  });
});

describe('renderOverlay: the process of the renderer', () => {
  it('leaves nothing behind and gives the renderer no token', async () => {
    const bin = join(scratch, 'bin');
    const temporary = join(scratch, 'temporary');
    await mkdir(bin, { recursive: true });
    await mkdir(temporary, { recursive: true });
    const script = `#!/bin/sh\nif [ "$1" = version ]; then echo v5.8.1; exit; fi\nprintf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: a}\\ndata:\\n  built: "%s"\\n' "$2"\n/usr/bin/env | /bin/sed 's/=.*//; s/^/  /; s/$/: ""/'\n`;
    await writeFile(join(bin, 'kustomize'), script);
    await chmod(join(bin, 'kustomize'), 0o755);
    const env = {
      PATH: bin,
      HOME: scratch,
      RUNNER_TEMP: temporary,
      GITHUB_TOKEN: 'x',
      INPUT_KUBECONFIG: 'y',
    };
    const { objects, renderer } = await render(simple, { env });
    const data = objects[0]?.['data'] as Readonly<Record<string, string>> | undefined;
    const { built, ...variables } = data ?? {};
    const names = Object.keys(variables).filter((name) => !['PWD', '_', 'SHLVL', 'OLDPWD'].includes(name));
    expect(names.toSorted()).toStrictEqual(['HOME', 'KUBERC', 'PATH']);
    expect(renderer).toStrictEqual({
      name: 'kustomize',
      path: join(bin, 'kustomize'),
      version: 'v5.8.1',
      kustomizeVersion: 'v5.8.1',
    });
    expect(built?.startsWith(`${temporary}/`), `${built} was built`).toBe(true);
    expect(await readdir(temporary)).toStrictEqual([]);
  });

  it('stops the renderer when it is told to', async () => {
    const bin = join(scratch, 'slow');
    await mkdir(bin, { recursive: true });
    const script = '#!/bin/sh\nif [ "$1" = version ]; then echo v5.8.1; exit; fi\nexec /bin/sleep 60\n';
    await writeFile(join(bin, 'kustomize'), script);
    await chmod(join(bin, 'kustomize'), 0o755);
    const stop = new AbortController();
    const rendering = render(simple, { env: { PATH: bin }, signal: stop.signal });
    setTimeout(() => stop.abort(new Error('told to stop')), 300);
    await expect(rendering).rejects.toThrow('told to stop');
  });
});

describe('a missing overlay', () => {
  it.each([
    [
      { 'k8s/overlays/stage/kustomization.yaml': '', 'k8s/base/kustomization.yml': '' },
      'k8s/overlays/staging',
      'k8s/overlays/stage',
    ],
    [{ 'deploy/staging/Kustomization': '' }, 'k8s/overlays/staging', 'deploy/staging'],
    [{ 'overlays/a/readme': '', 'overlays/b/kustomization.yaml': '' }, 'overlays/a', 'overlays/b'],
  ])('%j: %s is missing, %s is nearest', async (files, overlay, nearest) => {
    const { reason, remedy } = await fault(files, { overlay });
    expect(reason).toBe('overlay-missing');
    expect(remedy).toContain(` ${nearest},`);
  });

  it('says so when there is none at all', async () => {
    expect(await fault({ 'a/b': '' })).toMatchObject({
      reason: 'overlay-missing',
      message: 'There is no folder overlay in the workspace.',
    });
  });

  it('is not taken from outside by a link', async () => {
    const outside = await workspaceOf(simple);
    const workspace = await workspaceOf({ readme: '' });
    await symlink(join(outside, 'base'), join(workspace, 'overlay'));
    const rendering = renderOverlay({
      overlay: 'overlay',
      workspace,
      allowRemoteBases: false,
      env: process.env,
    });
    await expect(rendering).rejects.toMatchObject({ reason: 'bad-input' });
  });
});

describe('a remote base', () => {
  it.each([
    ['resources', '- https://example.test/x.yaml'],
    ['resources', '- github.com/orion/base?ref=v1'],
    ['resources', '- git@github.com:orion/base.git'],
    ['resources', '- git::https://example.test/orion/base'],
    ['resources', '- ssh://git@example.test/orion/base//deploy'],
    ['resources', '- file:///srv/base'],
    ['components', '- https://example.test/component'],
    ['bases', '- github.com/orion/base'],
    ['crds', '- https://example.test/crd.json'],
    ['patches', '- path: https://example.test/patch.yaml'],
    ['patchesStrategicMerge', '- https://example.test/patch.yaml'],
    ['configMapGenerator', '- name: a\n  files: [page=https://example.test/page.html]'],
    ['secretGenerator', '- name: a\n  envs: ["https://example.test/a.env"]'],
    ['helmCharts', '- name: a\n  repo: https://example.test/charts'],
    ['openapi', '  path: https://example.test/schema.json'],
  ])('in %s is refused: %s', async (key, entry) => {
    const refused = await fault({
      ...simple,
      'base/kustomization.yaml':
        `resources: [api.yaml]\nnamePrefix: a-\n${key === 'resources' ? 'x' : key}:\n${entry}\n`.replace(
          'resources: [api.yaml]\nnamePrefix: a-\nx:',
          '# one\n# two\nresources:',
        ),
    });
    expect(refused.reason).toBe('remote-base');
    expect(refused.message).toContain('base/kustomization.yaml:');
    expect(refused.location?.line).toBeGreaterThanOrEqual(4);
  });

  it('hides the password in its address', async () => {
    const { reason, message } = await fault({
      ...simple,
      'base/kustomization.yaml': 'resources: ["https://me:hunter2@example.test/x"]',
    });
    expect(reason).toBe('remote-base');
    expect(message).toContain('fetches https://example.test/x');
    expect(message).not.toContain('hunter2');
  });

  it('is left to kustomize when allowed', async () => {
    const files = { ...simple, 'base/kustomization.yaml': 'resources: ["http://127.0.0.1:1/x.yaml"]' };
    expect((await fault(files, { allowRemoteBases: true })).reason).toBe('render-failed');
  });

  it.each(['./a@2x/b.yaml', '../v1.2/b.yaml', 'c:d.yaml', 'a.b/c.d.yaml'])(
    'is not seen in %s',
    async (path) => {
      const { reason } = await fault({ ...simple, 'base/kustomization.yaml': `resources: ["${path}"]` });
      expect(reason).toBe('render-failed');
    },
  );
});

describe('findRenderers', () => {
  it('finds what is on PATH with its versions', async () => {
    const [first] = await findRenderers(process.env);
    expect(first?.version).toMatch(/^v\d+\.\d+/);
    expect(first?.kustomizeVersion).toMatch(/^v\d+\.\d+/);
  });

  it('finds nothing on an empty PATH, and rendering says what to install', async () => {
    expect(await findRenderers({ PATH: '' })).toStrictEqual([]);
    expect((await fault(simple, { env: { PATH: '.' } })).reason).toBe('tool-missing');
  });

  it('refuses a kustomize that is too old', async () => {
    const bin = join(scratch, 'old');
    await mkdir(bin, { recursive: true });
    await writeFile(
      join(bin, 'kustomize'),
      '#!/bin/sh\necho "{Version:kustomize/v4.2.0 GitCommit:d53a2ad45d04b0264bcee9e19879437d851cb778}"\n',
    );
    await chmod(join(bin, 'kustomize'), 0o755);
    expect(await fault(simple, { env: { PATH: bin } })).toMatchObject({ reason: 'tool-version' });
  });
});

/** What is said of an overlay that kustomize refuses: the file, in words, and the way out; never what the overlay holds. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseRendered } from '../../../src/kustomize/files/rendered-objects.ts';
import { runTool } from '../../../src/kustomize/run-tool.ts';
import { deployment, fault, scratch, simple } from '../../support/kustomize/workspaces.ts';

const refusedOverlays: readonly (readonly [
  string,
  Readonly<Record<string, string>>,
  string,
  string,
  number,
])[] = [
  [
    'a missing resource',
    { 'base/kustomization.yaml': 'resources:\n- api.yaml\n- web.yaml\n' },
    'base/web.yaml does not exist.',
    'base/kustomization.yaml',
    3,
  ],
  [
    'a missing envs file',
    {
      'overlay/kustomization.yaml': 'resources: [../base]\nsecretGenerator:\n- name: a\n  envs: [a.env]\n',
    },
    'overlay/a.env does not exist.',
    'overlay/kustomization.yaml',
    4,
  ],
  [
    'a missing patch',
    { 'overlay/kustomization.yaml': 'resources: [../base]\npatches:\n- path: p.yaml\n' },
    'overlay/p.yaml does not exist.',
    'overlay/kustomization.yaml',
    3,
  ],
  [
    'bad YAML in a manifest',
    { 'base/api.yaml': 'a: b\n  c: d\n' },
    'base/api.yaml is not valid YAML in line 2 or before: mapping values are not allowed',
    'base/api.yaml',
    2,
  ],
  [
    'bad YAML in a kustomization',
    { 'base/kustomization.yaml': 'resources: [a\nb: c\n' },
    'did not find expected',
    'base/kustomization.yaml',
    1,
  ],
  [
    'an unknown field',
    { 'base/kustomization.yaml': 'resources: [api.yaml]\nresourcez: []\n' },
    'unknown field "resourcez"',
    'base/kustomization.yaml',
    2,
  ],
  [
    'an object twice',
    { 'base/kustomization.yaml': 'resources: [api.yaml, again.yaml]\n', 'base/again.yaml': deployment },
    'already registered id',
    'base/again.yaml',
    3,
  ],
  [
    'an object without a name',
    { 'base/api.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {}\n' },
    'missing metadata.name',
    'base/api.yaml',
    2,
  ],
  [
    'a patch without its object',
    {
      'overlay/kustomization.yaml': 'resources: [../base]\npatches: [{path: p.yaml}]\n',
      'overlay/p.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\n',
    },
    'a patch of overlay/kustomization.yaml is for Service web, which is not in its resources',
    'overlay/kustomization.yaml',
    2,
  ],
  [
    'a base without kustomization',
    {
      'base/kustomization.yaml': '',
      'overlay/kustomization.yaml': 'resources: [../empty]\n',
      'empty/readme': '',
    },
    'the folder empty has no kustomization.yaml',
    'empty/kustomization.yaml',
    1,
  ],
  [
    'a circle',
    { 'base/kustomization.yaml': 'resources: [../overlay]\n' },
    'cycle detected',
    'base/kustomization.yaml',
    1,
  ],
  [
    'a chart in the overlay',
    {
      'overlay/kustomization.yaml':
        'resources: [../base]\nhelmCharts:\n- name: extra\n  valuesInline: {p: hunter2}\n',
    },
    'overlay/kustomization.yaml renders a Helm chart (helmCharts), which kustomize does only with --enable-helm',
    'overlay/kustomization.yaml',
    2,
  ],
  [
    'a chart in a base, with values that look like the end of a configuration',
    { 'base/kustomization.yaml': 'helmCharts:\n- name: extra\n  valuesInline: {p: "`: hunter2"}\n' },
    'base/kustomization.yaml renders a Helm chart (helmCharts), which kustomize does only with --enable-helm',
    'base/kustomization.yaml',
    1,
  ],
  [
    'a chart in the old field',
    {
      'base/kustomization.yaml': 'resources: [api.yaml]\nhelmChartInflationGenerator: [{chartName: extra}]\n',
    },
    'renders a Helm chart (helmChartInflationGenerator)',
    'base/kustomization.yaml',
    2,
  ],
  [
    'a chart by a generator',
    {
      'base/kustomization.yaml': 'resources: [api.yaml]\ngenerators: [chart.yaml]\n',
      'base/chart.yaml':
        'apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: x}\nname: extra\nvaluesInline: {p: hunter2}\n',
    },
    'base/chart.yaml renders a Helm chart (HelmChartInflationGenerator)',
    'base/chart.yaml',
    2,
  ],
  [
    'a function',
    {
      'base/kustomization.yaml': 'resources: [api.yaml]\ntransformers: [run.yaml]\n',
      'base/run.yaml':
        'apiVersion: my.io/v1\nkind: Sealer\nmetadata:\n  name: x\n  annotations: {config.kubernetes.io/function: "exec: {path: ./run.sh}"}\n',
    },
    'base/run.yaml needs the plugin or function Sealer',
    'base/run.yaml',
    2,
  ],
  [
    'a Job with generateName',
    {
      'base/api.yaml': `${deployment}---\napiVersion: batch/v1\nkind: Job\nmetadata:\n  generateName: migrate-\n`,
    },
    'base/api.yaml holds an object of kind Job with generateName: it has no metadata.name',
    'base/api.yaml',
    9,
  ],
  [
    'a template that nobody filled in',
    { 'base/api.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.name }}\n' },
    'base/api.yaml is a template ({{ … }} in line 4)',
    'base/api.yaml',
    4,
  ],
  [
    'an object without kind',
    { 'base/api.yaml': 'apiVersion: v1\nmetadata: {name: a}\n' },
    'base/api.yaml holds an object without a kind',
    'base/api.yaml',
    1,
  ],
  [
    'a file outside of its folder',
    { 'overlay/kustomization.yaml': 'resources:\n- ../base\n- ../base/api.yaml\n' },
    'overlay/kustomization.yaml names base/api.yaml, and kustomize reads no single file outside of its folder',
    'overlay/kustomization.yaml',
    3,
  ],
  [
    'a number where text belongs',
    { 'base/kustomization.yaml': 'resources: [api.yaml]\nimages:\n- name: a\n  newTag: 1.10\n' },
    'base/kustomization.yaml has a value of type number as images.newTag, which must be a text',
    'base/kustomization.yaml',
    4,
  ],
  [
    'text where a list belongs',
    { 'base/kustomization.yaml': 'resources: api.yaml\n' },
    'base/kustomization.yaml has a text as resources, which must be a list',
    'base/kustomization.yaml',
    1,
  ],
  [
    'a key twice, of which kustomize names no file',
    {
      'base/api.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\ndata: {c: d}\n',
    },
    'base/api.yaml is not valid YAML in line 5 or before: mapping key "data" already defined at line 4',
    'base/api.yaml',
    5,
  ],
  [
    'two kustomizations in a folder',
    { 'base/kustomization.yml': 'resources: [api.yaml]\n' },
    'the folder base has more than one kustomization file',
    'base/kustomization.yaml',
    1,
  ],
  [
    'a kustomization of another kind',
    { 'base/kustomization.yaml': 'resources: [api.yaml]\nkind: Foo\n' },
    'base/kustomization.yaml is not a kustomization: kind should be Kustomization or Component',
    'base/kustomization.yaml',
    2,
  ],
  [
    'a component that is none',
    { 'overlay/kustomization.yaml': 'components:\n- ../base\n' },
    'overlay/kustomization.yaml lists base under components, but it is not a Component',
    'overlay/kustomization.yaml',
    1,
  ],
  [
    'a replacement without source',
    {
      'overlay/kustomization.yaml':
        'resources: [../base]\nreplacements: [{source: {kind: Service, name: web}, targets: [{select: {kind: Deployment}, fieldPaths: [spec.a]}]}]\n',
    },
    'a replacement in overlay/kustomization.yaml takes its value from Service web, which is not in its resources',
    'overlay/kustomization.yaml',
    2,
  ],
  [
    'a generator that merges into nothing',
    {
      'overlay/kustomization.yaml':
        'resources: [../base]\nsecretGenerator: [{name: web, behavior: merge, literals: [a=hunter2]}]\n',
    },
    'a generator in overlay/kustomization.yaml merges into Secret web, which no base makes',
    'overlay/kustomization.yaml',
    2,
  ],
  [
    'an empty base',
    { 'base/kustomization.yaml': '{}\n' },
    'base/kustomization.yaml lists nothing',
    'base/kustomization.yaml',
    1,
  ],
  [
    'nothing',
    { 'overlay/kustomization.yaml': 'resources: []\n' },
    'renders no objects',
    'overlay/kustomization.yaml',
    1,
  ],
];

describe('an overlay that does not render', () => {
  it.each(refusedOverlays)('names %s', async (_, files, message, file, line) => {
    const result = await fault({ ...simple, ...files });
    expect(result.reason).toBe('render-failed');
    expect(result.message).toContain(message);
    expect(result.message).not.toMatch(
      /\n|orion-render|accumulat|workspace-\d|must be (?:a )?directory|not directory|hunter2/,
    );
    expect(result.location).toStrictEqual({ file, line });
  });

  it('points to the template of a missing secrets file', async () => {
    const result = await fault({
      ...simple,
      'overlay/kustomization.yaml':
        'resources: [../base]\nsecretGenerator: [{name: a, envs: [secrets.env]}]\n',
      'overlay/secrets.env.template': '',
    });
    expect(result.remedy).toBe('Make it from overlay/secrets.env.template in an earlier step of the job.');
  });

  it.each([
    [
      'secretGenerator: [{name: a, literals: [hunter2-canary, b=hunter2-canary]}]\n',
      'invalid literal source (not shown)',
    ],
    ['patches:\n- patch: |\n    kind: Secret\n    stringData: {a: hunter2-canary}\n', 'an inline patch'],
    [
      'patches:\n- target: {kind: Secret}\n  patch: |\n    - {op: replace, path: /nope/x, value: hunter2-canary}\n',
      '/nope/x',
    ],
  ])('does not repeat secrets: %j', async (text, said) => {
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n';
    const files = {
      ...simple,
      'base/api.yaml': secret,
      'overlay/kustomization.yaml': `resources: [../base]\n${text}`,
    };
    const { reason, message, remedy } = await fault(files);
    expect(reason).toBe('render-failed');
    expect(message).toContain(said);
    expect(`${message}${remedy}`).not.toContain('hunter2');
  });

  it('refuses a number that JSON cannot carry', async () => {
    const thing = 'apiVersion: x.io/v1\nkind: Thing\nmetadata: {name: a}\nspec: {size: 9007199254740993}\n';
    expect(await fault({ ...simple, 'base/api.yaml': thing })).toMatchObject({
      reason: 'object-invalid',
      message: 'The overlay holds the number 9007199254740993, which JSON cannot carry exactly.',
    });
  });

  it.each([
    [
      'v1',
      'apiVersion: v1\n',
      'metadata: {name: 12}\n',
      'a ConfigMap from base/api.yaml with a metadata.name that is no text',
    ],
    ['nothing', '', 'metadata: {name: a}\n', 'a ConfigMap a from base/api.yaml without apiVersion'],
  ])('names the file of an object that is none: %s', async (_, apiVersion, metadata, message) => {
    const refused = await fault({ ...simple, 'base/api.yaml': `${apiVersion}kind: ConfigMap\n${metadata}` });
    expect(refused.reason).toBe('object-invalid');
    expect(refused.message).toBe(`The overlay renders ${message}.`);
    expect(refused.location).toStrictEqual({ file: 'base/api.yaml', line: 1 });
  });

  it('refuses what has generateName only, whatever let it through', () => {
    const text = `apiVersion: batch/v1\nkind: Job\nmetadata:\n  generateName: a-\n  annotations: {config.kubernetes.io/origin: "path: ../w/base/job.yaml"}\n`;
    const read = () => parseRendered(text, { built: '/w-render', workspace: '/w' });
    expect(read).toThrow(
      'The overlay renders a Job from base/job.yaml with generateName: it has no metadata.name',
    );
  });

  it('refuses one object in two versions', async () => {
    const old = deployment.replace('apps/v1', 'apps/v1beta1');
    const { reason, message } = await fault({ ...simple, 'base/api.yaml': `${deployment}---\n${old}` });
    expect(reason).toBe('object-invalid');
    expect(message).toBe('The overlay renders Deployment api more than once.');
  });
});

describe('a renderer that runs away', () => {
  const program = async (name: string, body: string) => {
    await mkdir(join(scratch, 'bin'), { recursive: true });
    const path = join(scratch, 'bin', name);
    await writeFile(path, `#!/bin/sh\n${body}\n`);
    await chmod(path, 0o755);
    return path;
  };

  it('is stopped at the deadline', async () => {
    const slow = await program('slow', 'exec sleep 600');
    const run = runTool(slow, [], { env: process.env, deadline: 300 });
    await expect(run).rejects.toMatchObject({
      reason: 'render-failed',
      message: /slow did not finish within/,
    });
  });

  it('is stopped when it prints too much', async () => {
    const loud = await program('loud', 'exec yes 0123456789012345678901234567890123456789');
    const run = runTool(loud, [], { env: process.env });
    await expect(run).rejects.toMatchObject({ message: /loud printed more than 256 MiB/ });
  });

  it('gets no preferences of a kuberc, and no token', async () => {
    const path = await program('env', 'env');
    const { stdout } = await runTool(path, [], { env: { ...process.env, GITHUB_TOKEN: 'hunter2' } });
    expect(stdout).toMatch(/^KUBERC=off$/m);
    expect(stdout).not.toContain('hunter2');
  });
});

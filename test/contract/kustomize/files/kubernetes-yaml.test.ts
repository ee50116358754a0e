/** What we read of a renderer's output is what kubectl reads: the dialect is sigs.k8s.io/yaml's, neither YAML 1.1 nor 1.2. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { parseRendered } from '../../../../src/kustomize/files/rendered-objects.ts';
import { renderOverlay } from '../../../../src/kustomize/render-overlay.ts';
import { startDiscoveryServer } from './discovery-server.ts';

const seed = 207;
let scratch: string;
let server: Awaited<ReturnType<typeof startDiscoveryServer>>;
beforeAll(async () => {
  scratch = await realpath(await mkdtemp(join(tmpdir(), 'orion-yaml-')));
  server = await startDiscoveryServer();
});
afterAll(async () => {
  server.close();
  await rm(scratch, { recursive: true });
});

async function kubectl(parameters: readonly string[], input = ''): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: scratch, KUBERC: 'off' };
  const child = spawn('kubectl', parameters, { env });
  child.stdin.end(input);
  const [output, errors] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  if (child.exitCode !== 0 && errors !== '') throw new Error(errors.slice(0, 2000));
  return output;
}

/** The objects as `kubectl create` would send them, with the text of every number beside it. */
async function asKubectlReads(yaml: string): Promise<KubernetesObject[]> {
  const file = join(scratch, 'objects.yaml');
  await writeFile(file, yaml);
  const options = ['--dry-run=client', '--validate=false', '-o', 'json', '--server', server.url];
  const output = await kubectl(['create', '-f', file, ...options]);
  return output
    .split(/^(?=\{)/m)
    .filter((document) => document.trim() !== '')
    .map((document) => JSON.parse(document) as KubernetesObject);
}

/** Beginnings, middles and ends of everything that some dialect of YAML takes for more than text. */
const parts = fc.constantFrom(
  ...`
    0 1 7 8 9 12 017 089 2001 123456789 12345678901234567890 1797693134862315708 0x 0X 0b 0B 0o 0O e
    E e4 e308 e400 p2 a f F beef abcdef + - . _ __ : :30 -01 T Z y n inf Inf nan null ~ =
  `
    .trim()
    .split(/\s+/),
);
const wellKnown = `
  12e45678 7e91234 0o17 0O17 017 0b1 -0b11 +0b1 0B1 0x1F 0X1f -0x1f 1_000 0_ 0x_1 on On ON oN off y
  Y n N yes Yes yEs no NO true True tRue false FALSE ~ null Null NULL nULL nil None = << -0 +0 -0.0
  0. .0 -.5 +.5 .5_1 ._5 .5e1_0 1e5 1E5 1e+5 1e-5 1e 1e1000 -1e1000 .1e400 1e-400 inf +inf Infinity
  nan . 1:30 190:20:30 190:20:30.15 1:60 2001-01-01 2001-1-1 2001-12-14t21:59:43.10-05:00
  abcdefabcdefabcdefabcdefabcdefabcdefabcd 0xabcdefabcdefabcdefabcdefabcdefabcdefabcd
  0x7fffffffffffffff 089 -089 0xffffffffffffffff 0x10000000000000000 -0x8000000000000000
  -0x8000000000000001 0777777777777777777777777 9007199254740991 9007199254740992 9007199254740993
  -9007199254740993 9223372036854775807 9223372036854775808 18446744073709551615
  18446744073709551616 +18446744073709551615 -9223372036854775809 1.10 00 0_8 1__0
  0b11111111111111111111111111111111111111111111111111111111111111111 0x1p-2 1_0.5_0 1._5 _1 1_ + -
  +-1 0b-01 0b+1 -0b-1
`
  .trim()
  .split(/\s+/)
  .concat('2001-12-14 21:59:43');
const numberLike = fc.array(parts, { minLength: 1, maxLength: 5 }).map((chosen) => chosen.join(''));

/** What may stand alone as a plain scalar in a block list; `.inf` and `.nan` make kubectl refuse the whole file. */
function isPlain(text: string): boolean {
  return !/^[-?:](?:\s|$)|:$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/.test(text);
}

function thingOf(name: string, values: readonly string[]): string {
  const lines = values.map((value) => `    - ${value}\n`).join('');
  return `apiVersion: example.io/v1\nkind: Thing\nmetadata:\n  name: ${name}\nspec:\n  values:\n${lines}`;
}

function valuesOf(thing: KubernetesObject | undefined): readonly unknown[] {
  return (thing as { spec?: { values: unknown[] } } | undefined)?.spec?.values ?? [];
}

describe('plain scalars', () => {
  const values = [...wellKnown, ...fc.sample(numberLike, { numRuns: 1500, seed })].filter(isPlain);

  it('reads them as kubectl does, and refuses only what JSON would change', async () => {
    const [thing] = await asKubectlReads(thingOf('plain', values));
    const theirs = valuesOf(thing);
    const differences = values.flatMap((value, index) => {
      const their = theirs[index];
      try {
        const [our] = valuesOf(parseRendered(thingOf('plain', [value]))[0]?.object);
        return Object.is(our, their) || our === their ? [] : [{ value, our, their }];
      } catch {
        return typeof their === 'number' && !Number.isSafeInteger(their)
          ? []
          : [{ value, our: 'refused', their }];
      }
    });
    expect(theirs).toHaveLength(values.length);
    expect(differences).toStrictEqual([]);
  });

  it.each(['.inf', '-.INF', '+.Inf', '.nan', '.NaN'])('refuses %s as kubectl does', async (value) => {
    await expect(asKubectlReads(thingOf('plain', [value]))).rejects.toThrow(/unsupported value/);
    expect(() => parseRendered(thingOf('plain', [value]))).toThrow(
      `The overlay holds ${value}, which JSON cannot carry.`,
    );
  });

  it('reads keys, tags and merges as kubectl does', async () => {
    const yaml = `apiVersion: example.io/v1
kind: Thing
metadata: {name: a, namespace: default}
spec:
  base: &base {one: 1, two: yes}
  merged: {<<: *base, two: "2", "<<": text}
  keys: {yes: 1, 0x10: 2, 1.5: 3, ~x: 4, no: 5, "off": 6}
  tags: [!!str 12, !!int "017", !!float 3, !!binary aGVsbG8=, !!bool "yes", !!timestamp 2001-01-01, !own 5, !!null ""]
  block: |
    12e4
  folded: >-
    0x1F
  empty:
`;
    const [theirs] = await asKubectlReads(yaml);
    expect(parseRendered(yaml).map(({ object }) => object)).toStrictEqual([theirs]);
  });
});

describe('values through the renderer', () => {
  it('survive in environment variables, ConfigMaps, annotations and custom resources', async () => {
    const anything = fc.oneof(
      { arbitrary: numberLike, weight: 4 },
      { arbitrary: fc.stringMatching(/^\d{1,6}e\d{1,6}$|^0[xob][\da-f]{1,44}$|^[\d_]{1,40}$/), weight: 2 },
      { arbitrary: fc.string({ unit: 'grapheme', maxLength: 30 }), weight: 1 },
      {
        arbitrary: fc.string({
          unit: fc.constantFrom(...' \t\r\n\u2028\u2029\ufeff#:-ab"\''),
          maxLength: 12,
        }),
        weight: 1,
      },
    );
    const values = [...wellKnown, '', '.inf', ...fc.sample(anything, { numRuns: 1000, seed })];
    const texts = Object.fromEntries(values.map((value, index) => [`k${index}`, value]));
    const metadata = { name: 'values', namespace: 'default', annotations: texts };
    const container = {
      name: 'main',
      image: 'a:1',
      env: Object.entries(texts).map(([name, value]) => ({ name, value })),
    };
    const objects = [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: texts },
      {
        apiVersion: 'example.io/v1',
        kind: 'Thing',
        metadata: { name: 'values', namespace: 'default' },
        spec: { texts, values },
      },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'values', namespace: 'default' },
        spec: { template: { spec: { containers: [container] } } },
      },
    ];
    const overlay = join(scratch, 'overlay');
    await mkdir(overlay);
    // JSON whose every character is plain ASCII means the same in every dialect.
    const escaped = (object: object) =>
      JSON.stringify(object).replaceAll(
        /[^ -~]/gu,
        (character) => `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`,
      );
    await writeFile(join(overlay, 'objects.yaml'), objects.map(escaped).join('\n---\n'));
    await writeFile(join(overlay, 'kustomization.yaml'), 'resources: [objects.yaml]\n');
    const rendered = await renderOverlay({
      overlay: 'overlay',
      workspace: scratch,
      allowRemoteBases: false,
      env: process.env,
    });
    const byKind = (list: readonly unknown[]) =>
      Object.fromEntries(list.map((object) => [(object as KubernetesObject).kind, object]));
    const theirs = byKind(await asKubectlReads(await kubectl(['kustomize', overlay])));
    expect(byKind(rendered.objects)).toStrictEqual(theirs);
    expect(theirs).toStrictEqual(byKind(objects));
  });
});

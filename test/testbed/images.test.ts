import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { runCommand } from '../../testbed/binaries/run-command.ts';
import { type ImageDescription, writeImageArchive } from '../../testbed/images/archive.ts';
import { closureOf, parseLibraries } from '../../testbed/images/closure.ts';
import { ensureImages } from '../../testbed/images/ensure-images.ts';
import { withParents } from '../../testbed/images/layer.ts';
import { ensureServiceBundle } from '../../testbed/images/service-bundle.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-images-'));
  await writeFile(join(folder, 'program'), '#!/bin/sh\nexit 3\n', { mode: 0o755 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface TarEntry {
  readonly type: string;
  readonly mode: number;
  readonly owner: string;
  readonly time: number;
  readonly link: string | null;
  readonly content: Buffer;
}

async function readTar(tar: Buffer): Promise<ReadonlyMap<string, TarEntry>> {
  const entries = new Map<string, TarEntry>();
  const reader = extract();
  const reading = (async () => {
    for await (const entry of reader) {
      const { name, type, mode, uid, gid, mtime, linkname } = entry.header;
      const content = await buffer(entry);
      entries.set(name.replace(/\/$/, ''), {
        type,
        mode,
        owner: `${uid}:${gid}`,
        time: mtime.getTime(),
        link: linkname,
        content,
      });
    }
  })();
  await Promise.all([pipeline(Readable.from([tar]), reader), reading]);
  return entries;
}

const descriptor = z.object({ digest: z.string(), size: z.number(), mediaType: z.string() });
const indexSchema = z.object({
  manifests: z.array(descriptor.extend({ annotations: z.record(z.string(), z.string()) })),
});
const manifestSchema = z.object({ config: descriptor, layers: z.array(descriptor) });
const configurationSchema = z.object({
  architecture: z.string(),
  config: z.object({
    Entrypoint: z.array(z.string()),
    Env: z.array(z.string()),
    User: z.string().optional(),
  }),
  rootfs: z.object({ diff_ids: z.array(z.string()) }),
});

/** The content of a blob, after checking it against the digest and size by which it is named. */
function blobOf(
  archive: ReadonlyMap<string, TarEntry>,
  { digest, size }: z.output<typeof descriptor>,
): Buffer {
  const content = archive.get(`blobs/${digest.replace(':', '/')}`)?.content;
  if (content === undefined) throw new Error(`no blob ${digest}`);
  expect(`sha256:${createHash('sha256').update(content).digest('hex')}`).toBe(digest);
  expect(content.length).toBe(size);
  return content;
}

function described(): readonly ImageDescription[] {
  const base = [
    { to: '/tmp', folder: true as const, mode: 0o1777 },
    { to: '/bin/start', from: join(folder, 'program') },
    { to: '/bin/begin', target: 'start' },
    { to: '/etc/passwd', content: 'nobody:x:1:1::/:/\n' },
  ];
  const second = [{ to: '/app/data', content: 'two' }];
  return ['1', '2'].map((tag) => ({
    reference: `orion.example/test:${tag}`,
    entrypoint: ['/bin/start'],
    env: { TAG: tag },
    user: '65532:65532',
    layers: [base, second],
  }));
}

describe('an image archive', () => {
  test('has the same bytes each time', async () => {
    const digests = [];
    for (const name of ['first.tar', 'second.tar']) {
      digests.push(await writeImageArchive(described(), join(folder, name)));
    }
    expect(digests[0]).toEqual(digests[1]);
    expect(await readFile(join(folder, 'first.tar'))).toEqual(await readFile(join(folder, 'second.tar')));
  });

  test('leads from its index to configuration and layers, each true to its digest', async () => {
    await writeImageArchive(described(), join(folder, 'formed.tar'));
    const archive = await readTar(await readFile(join(folder, 'formed.tar')));
    const index = indexSchema.parse(JSON.parse(String(archive.get('index.json')?.content)));
    expect(index.manifests.map((manifest) => manifest.annotations['io.containerd.image.name'])).toEqual([
      'orion.example/test:1',
      'orion.example/test:2',
    ]);
    for (const [number, entry] of index.manifests.entries()) {
      const manifest = manifestSchema.parse(JSON.parse(String(blobOf(archive, entry))));
      const configuration = configurationSchema.parse(JSON.parse(String(blobOf(archive, manifest.config))));
      expect(configuration.config.Env).toContain(`TAG=${number + 1}`);
      expect(configuration.config.User).toBe('65532:65532');
      expect(configuration.rootfs.diff_ids).toEqual(manifest.layers.map((layer) => layer.digest));
      expect(manifest.layers).toHaveLength(2);
    }
    expect([...archive.keys()].filter((name) => name.startsWith('blobs/'))).toHaveLength(6);
  });

  test('keeps modes, links and folders, and gives everything to root at time zero', async () => {
    await writeImageArchive(described(), join(folder, 'layer.tar'));
    const archive = await readTar(await readFile(join(folder, 'layer.tar')));
    const index = indexSchema.parse(JSON.parse(String(archive.get('index.json')?.content)));
    const [first] = index.manifests;
    if (first === undefined) throw new Error('the index is empty');
    const [lowest] = manifestSchema.parse(JSON.parse(String(blobOf(archive, first)))).layers;
    if (lowest === undefined) throw new Error('the image has no layer');
    const files = await readTar(blobOf(archive, lowest));
    expect([...files.keys()]).toEqual(['bin', 'bin/begin', 'bin/start', 'etc', 'etc/passwd', 'tmp']);
    expect(files.get('tmp')).toMatchObject({ type: 'directory', mode: 0o1777 });
    expect(files.get('bin/start')).toMatchObject({ type: 'file', mode: 0o755 });
    expect(files.get('bin/begin')).toMatchObject({ type: 'symlink', link: 'start' });
    for (const file of files.values()) expect(file).toMatchObject({ owner: '0:0', time: 0 });
  });
});

test('every folder of a layer comes before what is in it, and each path comes once', () => {
  const segment = fc.constantFrom('a', 'b', 'a-b', 'a.b', '0');
  const path = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => `/${segments.join('/')}`);
  fc.assert(
    fc.property(fc.array(path), (paths) => {
      const order = withParents(paths.map((to) => ({ to, content: '' }))).map((entry) => entry.to);
      expect(new Set(order).size).toBe(order.length);
      for (const [position, to] of order.entries()) {
        if (dirname(to) === '/') continue;
        expect(order.indexOf(dirname(to))).toBeGreaterThanOrEqual(0);
        expect(order.indexOf(dirname(to))).toBeLessThan(position);
      }
    }),
  );
});

describe('the closure of a program', () => {
  test('is read from ldd', () => {
    const listed = `\tlinux-vdso.so.1 (0x00007f00)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f01)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f02)\n`;
    expect(parseLibraries(listed)).toEqual([
      '/lib/x86_64-linux-gnu/libc.so.6',
      '/lib64/ld-linux-x86-64.so.2',
    ]);
  });

  test('names a library that the machine lacks', () => {
    expect(() => parseLibraries('\tlibabsent.so.1 => not found\n')).toThrow(/libabsent\.so\.1/);
  });

  test('holds the program, the C library and the loader', async () => {
    const paths = (await closureOf(process.execPath, '/usr/local/bin/node')).map((entry) => entry.to);
    expect(paths[0]).toBe('/usr/local/bin/node');
    expect(paths.some((path) => path.endsWith('/libc.so.6'))).toBe(true);
    expect(paths.some((path) => /\/ld-linux[^/]*$/.test(path))).toBe(true);
  });
});

test('two callers at once make one archive, and the next call finds it', { timeout: 120_000 }, async () => {
  const cache = join(folder, 'cache');
  const lines: string[] = [];
  const make = () => ensureImages(['orion.example/sh:1'], (line) => lines.push(line), cache);
  const both = await Promise.all([make(), make()]);
  expect(both[0]).toEqual(both[1]);
  const path = both[0]['orion.example/sh:1'] ?? '';
  expect((await readTar(await readFile(path))).has('index.json')).toBe(true);
  const before = lines.length;
  expect(await make()).toEqual(both[0]);
  expect(lines).toHaveLength(before);
});

test('the service is bundled to the same bytes each time, and the bundle starts', {
  timeout: 120_000,
}, async () => {
  const [first, second] = await Promise.all(
    ['first', 'second/deeper'].map((name) => ensureServiceBundle(join(folder, name))),
  );
  const names = await readdir(first ?? '');
  expect(names).toContain('index.js');
  expect(await readdir(second ?? '')).toEqual(names);
  for (const name of names) {
    expect(await readFile(join(first ?? '', name))).toEqual(await readFile(join(second ?? '', name)));
  }
  const run = runCommand(process.execPath, [join(first ?? '', 'index.js')], { environment: {} });
  await expect(run).rejects.toThrow(/bad settings/);
});

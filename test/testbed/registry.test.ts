import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { writeImageArchive } from '../../testbed/images/archive.ts';
import { type Registry, startRegistry } from '../../testbed/registry/registry.ts';

const partSchema = z.object({ digest: z.string(), size: z.number() });
const manifestSchema = z.object({ mediaType: z.string(), config: partSchema, layers: z.tuple([partSchema]) });
const errorSchema = z.object({ errors: z.tuple([z.object({ code: z.string(), message: z.string() })]) });

let folder: string;
let registry: Registry;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-registry-test-'));
  registry = await startRegistry();
});

afterEach(async () => {
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

function get(path: string, method = 'GET'): Promise<Response> {
  return fetch(`http://${registry.address}${path}`, { method });
}

async function archiveOf(...references: string[]): Promise<string> {
  const archive = join(folder, `${references.length}.tar`);
  const describeImage = (reference: string) => {
    const layers = [[{ to: '/name', content: reference }]];
    return { reference, entrypoint: ['/name'], layers };
  };
  await writeImageArchive(references.map(describeImage), archive);
  return archive;
}

async function digestOf(response: Response): Promise<string> {
  const hash = createHash('sha256').update(Buffer.from(await response.arrayBuffer()));
  return `sha256:${hash.digest('hex')}`;
}

describe('an image from an archive', () => {
  test('is served whole: manifest by tag and digest, configuration and layers by digest', async () => {
    await registry.addImage('orion/name', '1', await archiveOf('a.test/name:1'));
    const byTag = await get('/v2/orion/name/manifests/1');
    const digest = byTag.headers.get('docker-content-digest') ?? '';
    const manifest = manifestSchema.parse(await byTag.clone().json());
    expect(await digestOf(byTag)).toBe(digest);
    expect(await digestOf(await get(`/v2/orion/name/manifests/${digest}`))).toBe(digest);
    expect(byTag.headers.get('content-type')).toBe(manifest.mediaType);
    for (const part of [manifest.config, ...manifest.layers]) {
      const blob = await get(`/v2/orion/name/blobs/${part.digest}`);
      expect(blob.headers.get('content-length')).toBe(String(part.size));
      expect(await digestOf(blob)).toBe(part.digest);
    }
  });

  test('answers HEAD with the headers of GET', async () => {
    await registry.addImage('orion/name', '1', await archiveOf('a.test/name:1'));
    const [head, whole] = [
      await get('/v2/orion/name/manifests/1', 'HEAD'),
      await get('/v2/orion/name/manifests/1'),
    ];
    for (const header of ['content-length', 'content-type', 'docker-content-digest']) {
      expect(head.headers.get(header)).toBe(whole.headers.get(header));
    }
    expect(await head.text()).toBe('');
  });

  test('is chosen by name where the archive holds several', async () => {
    const archive = await archiveOf('a.test/name:1', 'a.test/name:2');
    await expect(registry.addImage('orion/name', '2', archive)).rejects.toThrow(
      'a.test/name:1, a.test/name:2',
    );
    await registry.addImage('orion/name', '2', archive, 'a.test/name:2');
    const manifest = manifestSchema.parse(await (await get('/v2/orion/name/manifests/2')).json());
    const layer = await get(`/v2/orion/name/blobs/${manifest.layers[0].digest}`);
    expect(await layer.text()).toContain('a.test/name:2');
  });

  test('is refused if the file is no image archive', async () => {
    const archive = await archiveOf();
    await expect(registry.addImage('orion/name', '1', archive)).rejects.toThrow(
      'does not hold exactly one image',
    );
  });
});

describe('failures on demand', () => {
  const cases = [
    { status: 401, code: 'UNAUTHORIZED', header: 'www-authenticate', value: 'Basic realm="orion-testbed"' },
    { status: 403, code: 'DENIED', header: 'retry-after', value: null },
    { status: 404, code: 'MANIFEST_UNKNOWN', header: 'retry-after', value: null },
    { status: 429, code: 'TOOMANYREQUESTS', header: 'retry-after', value: '1' },
    { status: 503, code: 'UNAVAILABLE', header: 'retry-after', value: null },
  ] as const;

  test.each(cases)('$status is worded as the specification does', async ({ status, code, header, value }) => {
    registry.fail('orion/name', status);
    const answer = await get('/v2/orion/name/manifests/1');
    expect(answer.status).toBe(status);
    expect(answer.headers.get(header)).toBe(value);
    const { errors } = errorSchema.parse(await answer.json());
    expect(errors).toEqual([{ code, message: expect.stringMatching(/\S/) }]);
  });

  test('concern one repository, until it is healed', async () => {
    const archive = await archiveOf('a.test/name:1');
    await registry.addImage('orion/name', '1', archive);
    await registry.addImage('orion/other', '1', archive);
    registry.fail('orion/name', 503);
    const statusOf = async (name: string) => (await get(`/v2/orion/${name}/manifests/1`)).status;
    expect([await statusOf('name'), await statusOf('name'), await statusOf('other')]).toEqual([
      503, 503, 200,
    ]);
    registry.heal('orion/name');
    expect(await statusOf('name')).toBe(200);
  });

  test('end after a number of requests, and are noted', async () => {
    await registry.addImage('orion/name', '1', await archiveOf('a.test/name:1'));
    registry.fail('orion/name', 429, { times: 2, retryAfter: 7 });
    const first = await get('/v2/orion/name/manifests/1');
    expect(first.headers.get('retry-after')).toBe('7');
    await get('/v2/orion/name/manifests/1', 'HEAD');
    await get('/v2/orion/name/manifests/1');
    const wanted = { repository: 'orion/name', kind: 'manifests', reference: '1' };
    expect(registry.requests).toEqual([
      { method: 'GET', ...wanted, status: 429 },
      { method: 'HEAD', ...wanted, status: 429 },
      { method: 'GET', ...wanted, status: 200 },
    ]);
  });
});

test('unknown manifests, blobs and paths are 404, and the version check is answered', async () => {
  const codeOf = async (path: string) => errorSchema.parse(await (await get(path)).json()).errors[0].code;
  expect(await codeOf('/v2/orion/none/manifests/1')).toBe('MANIFEST_UNKNOWN');
  expect(await codeOf(`/v2/orion/none/blobs/sha256:${'0'.repeat(64)}`)).toBe('BLOB_UNKNOWN');
  expect((await get('/elsewhere')).status).toBe(404);
  expect((await get('/v2/')).status).toBe(200);
});

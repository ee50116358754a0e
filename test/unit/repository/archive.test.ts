/** What a runner downloads for `uses: orion/deploy@v1`: the archive that git makes of a commit. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { expect, test } from 'vitest';
import { actionNames, filesOf } from '../../../src/inputs/registry.ts';

const root = join(import.meta.dirname, '../../..');
const archive = execFileSync('git', ['archive', '--worktree-attributes', '--format=tar', 'HEAD'], {
  cwd: root,
  maxBuffer: 2 ** 28,
});

async function namesIn(tar: Buffer): Promise<readonly string[]> {
  const entries = extract();
  entries.end(tar);
  const names: string[] = [];
  for await (const entry of entries) {
    names.push(entry.header.name);
    entry.resume();
  }
  return names.filter((name) => !name.endsWith('/'));
}

test('has the metadata and the bundles of every action, and nothing that only developers need', async () => {
  const names = await namesIn(archive);
  const needed = actionNames.flatMap((action) => [filesOf(action).metadata, `dist/${action}/index.js`]);
  expect(names).toEqual(expect.arrayContaining([...needed, 'dist/orion/index.js', 'LICENSE', 'README.md']));
  const folders = new Set(names.map((name) => name.split('/')[0]));
  const own = actionNames.filter((action) => action !== 'phase');
  expect([...folders].toSorted()).toEqual([...own, 'LICENSE', 'README.md', 'action.yml', 'dist'].toSorted());
});

test('is smaller than 2 MB', () => {
  expect(gzipSync(archive, { level: 9 }).length).toBeLessThan(2_000_000);
});

import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensureFrom, goModules } from '../../testbed/binaries/ensure-binaries.ts';
import { tools } from '../../testbed/binaries/tools.ts';
import { tinyModule, tinySources } from './tiny-module.ts';

let tiny: Awaited<ReturnType<typeof tinyModule>>;
beforeEach(async () => {
  tiny = await tinyModule();
});
afterEach(() => rm(tiny.folder, { recursive: true, force: true }));

/** Builds in a process group of its own; `whenPrinted` is called with each line. */
async function buildElsewhere(whenPrinted: (line: string, group: number) => void = () => {}) {
  const script = join(import.meta.dirname, 'build-tiny.ts');
  const child = spawn(process.execPath, [script, tiny.modules, tiny.cache], { detached: true });
  const lines: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.trim().split('\n')) {
      lines.push(line);
      whenPrinted(line, child.pid ?? 0);
    }
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, lines, path: lines.find((line) => line.startsWith('path '))?.slice(5) ?? '' };
}

const output = (path: string) => execFileSync(path, { encoding: 'utf8' });
const filesBelow = async (folder: string) => (await readdir(folder, { recursive: true })).toSorted();

describe('building from Go modules', () => {
  test('concurrent builders build once and give the same path', { timeout: 60_000 }, async () => {
    const results = await Promise.all([buildElsewhere(), buildElsewhere(), buildElsewhere()]);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(new Set(results.map(({ path }) => path)).size).toBe(1);
    expect(results.flatMap(({ lines }) => lines).filter((line) => line.includes('building'))).toHaveLength(1);
    expect(output(results[0]?.path ?? '')).toBe('tiny\n');
  });

  test('an interrupted build leaves nothing half done and blocks nobody', { timeout: 60_000 }, async () => {
    const killed = await buildElsewhere((line, group) => {
      if (line.includes('building')) process.kill(-group, 'SIGKILL');
    });
    expect(killed.path).toBe('');
    expect((await filesBelow(tiny.cache)).filter((name) => name.endsWith('tiny'))).toEqual([]);
    const next = await buildElsewhere();
    expect(output(next.path)).toBe('tiny\n');
    const folder = join(next.path, '..');
    expect(await filesBelow(folder)).toEqual(['lock', 'tiny', 'tiny.sha256']);
  });

  test('a damaged binary in the cache is made again', { timeout: 60_000 }, async () => {
    const first = await buildElsewhere();
    await appendFile(first.path, 'damage');
    const second = await buildElsewhere();
    expect(second.lines.join('\n')).toContain('building');
    expect(output(second.path)).toBe('tiny\n');
    expect((await buildElsewhere()).lines).toEqual([`path ${second.path}`]);
  });

  test('a change of the module gives another place in the cache', { timeout: 60_000 }, async () => {
    const first = await buildElsewhere();
    await appendFile(join(tiny.modules, 'tiny', 'go.mod'), '\n// changed\n');
    const second = await buildElsewhere();
    expect(second.path).not.toBe(first.path);
    expect(existsSync(first.path)).toBe(true);
  });

  test('a program that does not compile fails with what the compiler said', { timeout: 60_000 }, async () => {
    await appendFile(join(tiny.modules, 'tiny', 'main.go'), 'nonsense');
    const sources = tinySources(tiny.modules, tiny.cache);
    await expect(ensureFrom(sources, ['tiny'], () => {})).rejects.toThrow(/main\.go:\d+.*syntax error/s);
  });
});

test('a named folder comes before everything else', async () => {
  const path = join(tiny.folder, 'tiny');
  await writeFile(path, '');
  await chmod(path, 0o755);
  const sources = tinySources(tiny.modules, tiny.cache, { folders: [tiny.folder] });
  expect(await ensureFrom(sources, ['tiny'], () => {})).toEqual({ tiny: path });
  expect(existsSync(tiny.cache)).toBe(false);
});

describe.runIf(process.platform === 'linux')('official releases', () => {
  const content = '#!/bin/sh\necho released\n';
  const sha = createHash('sha256').update(content).digest('hex');

  async function serving<Result>(checksum: string, action: (baseUrl: string) => Promise<Result>) {
    const server = createServer((request, response) => {
      response.end(request.url?.endsWith('.sha256') ? `${checksum}\n` : content);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    try {
      return await action(`http://127.0.0.1:${port}`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  test('are used when their checksum is right', async () => {
    const lines: string[] = [];
    const path = await serving(sha, async (releases) => {
      const sources = tinySources(tiny.modules, tiny.cache, { releases });
      return (await ensureFrom(sources, ['tiny'], (line) => lines.push(line))).tiny;
    });
    expect(await readFile(path, 'utf8')).toBe(content);
    expect(lines.join('\n')).toContain('downloaded');
  });

  test('are refused when it is wrong, and built instead', { timeout: 60_000 }, async () => {
    const lines: string[] = [];
    const path = await serving('0'.repeat(64), async (releases) => {
      const sources = tinySources(tiny.modules, tiny.cache, { releases });
      return (await ensureFrom(sources, ['tiny'], (line) => lines.push(line))).tiny;
    });
    expect(lines[0]).toContain(`was refused: its SHA-256 is ${sha}`);
    expect(output(path)).toBe('tiny\n');
  });

  test('are done without when there is no network', { timeout: 60_000 }, async () => {
    const sources = tinySources(tiny.modules, tiny.cache, { releases: 'http://127.0.0.1:1' });
    const { tiny: path } = await ensureFrom(sources, ['tiny'], () => {});
    expect(output(path)).toBe('tiny\n');
  });
});

test.each(Object.entries(tools))('%s has the version and package of its go.mod', async (_name, tool) => {
  const text = await readFile(join(goModules, tool.family, 'go.mod'), 'utf8');
  const requirements = [...text.matchAll(/^\s*(?:require )?(\S+) (v\S+)/gm)];
  const module = requirements.find(([, path]) => path && `${tool.package}/`.startsWith(`${path}/`));
  expect(module?.[2]).toBe(tool.version);
  expect(text).toMatch(new RegExp(`^(tool )?\\s*${tool.package}$`, 'm'));
});

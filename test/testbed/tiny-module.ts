import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BinarySources } from '../../testbed/binaries/ensure-binaries.ts';

const program = `package main

import "fmt"

func main() { fmt.Println("tiny") }
`;

/** A folder with `modules`, which holds one small Go module, and an empty `cache`. */
export async function tinyModule(): Promise<{ folder: string; modules: string; cache: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'orion-tiny-'));
  const tiny = join(folder, 'modules', 'tiny');
  await mkdir(tiny, { recursive: true });
  await writeFile(join(tiny, 'go.mod'), 'module example.test/tiny\n\ngo 1.26.0\n');
  await writeFile(join(tiny, 'go.sum'), '');
  await writeFile(join(tiny, 'main.go'), program);
  return { folder, modules: join(folder, 'modules'), cache: join(folder, 'cache') };
}

export function tinySources(
  modules: string,
  cacheRoot: string,
  more: Partial<BinarySources> = {},
): BinarySources {
  const tiny = {
    family: 'tiny',
    package: 'example.test/tiny',
    version: 'v0.0.1',
    officialRelease: true,
  } as const;
  return { tools: { tiny }, folders: [], cacheRoot, releases: undefined, modules, ...more };
}

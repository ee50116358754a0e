/** `npm run lint`: everything is checked and reported, then the exit code says whether all is well. */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBinaries } from '../testbed/binaries/ensure-binaries.ts';

interface Check {
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
}

const root = join(import.meta.dirname, '..');
const tool = (name: string): string => join(root, 'node_modules', '.bin', name);
const layered = ['src', 'testbed', 'bench', 'scripts', 'examples', 'test'];

async function checks(): Promise<Check[]> {
  const { actionlint } = await ensureBinaries(['actionlint'], (line) => console.log(line));
  const workflows = globSync('{.github,examples}/workflows/*.{yml,yaml}', { cwd: root });
  return [
    { name: 'format and lint', command: tool('biome'), arguments: ['check', '--error-on-warnings', '.'] },
    { name: 'types', command: tool('tsc'), arguments: ['--noEmit', '-p', '.'] },
    {
      name: 'layers and cycles',
      command: tool('depcruise'),
      arguments: ['--config', '.dependency-cruiser.json', ...layered],
    },
    {
      name: 'folders',
      command: process.execPath,
      arguments: [join(root, 'scripts/structure.ts'), '--check'],
    },
    // Without the checkers of scripts that some machines have and others have not.
    {
      name: 'workflows',
      command: actionlint,
      arguments: ['-shellcheck=', '-pyflakes=', ...workflows],
    },
    {
      name: 'generated tables',
      command: process.execPath,
      arguments: [join(root, 'scripts/generate-tables.ts'), '--check'],
    },
  ];
}

function passes(check: Check): boolean {
  console.log(`--- ${check.name}`);
  return spawnSync(check.command, check.arguments, { cwd: root, stdio: 'inherit' }).status === 0;
}

const failed = (await checks()).filter((check) => !passes(check));
console.log(
  failed.length === 0 ? 'lint: all clean' : `lint: ${failed.map(({ name }) => name).join(', ')} failed`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

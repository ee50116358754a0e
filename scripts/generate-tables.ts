/** Writes the generated parts of committed files: metadata, README tables, JSON Schema. `--check` only compares (exit 1). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  actionMetadata,
  configurationJsonSchema,
  configurationTable,
  inputTable,
  outputTable,
} from '../src/inputs/metadata.ts';
import { type ActionName, actionNames, filesOf } from '../src/inputs/registry.ts';
import { documentTables } from './document-tables.ts';

const root = join(import.meta.dirname, '..');

/** What every generated file should hold, from what it holds now (text outside the markers is kept). */
export function generatedFiles(): { readonly path: string; readonly now: string; readonly wanted: string }[] {
  const schema = read('docs/orion.schema.json');
  const made = [
    ...actionNames.flatMap(filesMadeFor),
    { ...schema, wanted: formattedJson(configurationJsonSchema()) },
  ];
  // A page may have tables of both kinds: the second starts from what the first wants.
  const pages = Object.entries(documentTables).map(([path, tables]) => {
    const page = made.find((file) => file.path === path) ?? { ...read(path), wanted: read(path).now };
    const wanted = Object.entries(tables).reduce(
      (text, [name, make]) => between(text, '<!-- ', name, ' -->', make()),
      page.wanted,
    );
    return { ...page, wanted };
  });
  return [...made.filter(({ path }) => !(path in documentTables)), ...pages];
}

function filesMadeFor(action: ActionName): { path: string; now: string; wanted: string }[] {
  const files = filesOf(action);
  const [readme, metadata] = [read(files.page), read(files.metadata)];
  return [
    { ...metadata, wanted: between(metadata.now, '# ', 'generated', '', actionMetadata(action)) },
    {
      ...readme,
      wanted: [
        ['inputs', inputTable(action)] as const,
        ['outputs', outputTable(action)] as const,
        ['configuration', configurationTable()] as const,
      ].reduce((text, [name, table]) => between(text, '<!-- ', name, ' -->', table), readme.now),
    },
  ];
}

function between(text: string, open: string, name: string, close: string, content: string): string {
  const start = `${open}<${name}>${close}\n`;
  const end = `${open}</${name}>${close}\n`;
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`markers of ${name} are missing`);
  return text.slice(0, from + start.length) + content + text.slice(to);
}

/** JSON as the formatter of this repository wants it: lists of plain values on one line. */
function formattedJson(value: unknown): string {
  const text = JSON.stringify(value, undefined, 2);
  return `${text.replaceAll(/\[\n\s+([^[\]{}]*?)\n\s+\]/g, (_, items: string) => `[${items.replaceAll(/\n\s+/g, ' ')}]`)}\n`;
}

function read(path: string): { path: string; now: string } {
  try {
    return { path, now: readFileSync(join(root, path), 'utf8') };
  } catch {
    return { path, now: '' };
  }
}

function main(): void {
  const stale = generatedFiles().filter((file) => file.now !== file.wanted);
  if (process.argv.includes('--check')) {
    for (const file of stale) console.error(`${file.path} is stale: run node scripts/generate-tables.ts`);
    process.exitCode = stale.length > 0 ? 1 : 0;
    return;
  }
  for (const file of stale) writeFileSync(join(root, file.path), file.wanted);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();

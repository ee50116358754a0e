/**
 * `node scripts/structure.ts [--check] [--undocumented]`: figures of `src`: lengths of functions, files per folder, import cycles
 * between folders, share of exported types and functions with a JSDoc comment. With `--check`, exit code 1 where folders form a
 * cycle (type imports included) or hold more than 20 files. With `--undocumented`, also the exports without a JSDoc comment.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const maxFilesPerFolder = 20;

interface SourceFile {
  readonly path: string;
  /** Paths of the files that it imports, types included. */
  readonly imports: readonly string[];
  /** Lines of each function, methods and accessors included; arrow functions only where they have a name. */
  readonly functionLengths: readonly number[];
  readonly exported: readonly Exported[];
}

interface Exported {
  /** Path and line, as an editor opens it. */
  readonly place: string;
  readonly name: string;
  readonly sort: 'type' | 'function';
  readonly isDocumented: boolean;
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports = ts
    .preProcessFile(text)
    .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => join(dirname(path), fileName));
  const functionLengths: number[] = [];
  const visit = (node: ts.Node): void => {
    if (isNamedFunction(node)) functionLengths.push(linesOf(source, node));
    ts.forEachChild(node, visit);
  };
  visit(source);
  const exported = source.statements.flatMap(declarationsOf).flatMap((declaration): Exported[] => {
    const sort = sortOf(declaration);
    if (sort === undefined) return [];
    const place = `${path}:${source.getLineAndCharacterOfPosition(declaration.getStart()).line + 1}`;
    const comment = ts.getJSDocCommentsAndTags(declaration).findLast(ts.isJSDoc);
    // A blank line behind it: it is the header of the file.
    const isDocumented =
      comment !== undefined && !/\n\s*\n/.test(text.slice(comment.end, declaration.getStart()));
    return [{ place, name: declaration.name?.getText() ?? 'default', sort, isDocumented }];
  });
  return { path, imports, functionLengths, exported };
}

/** What an exported statement declares: itself, or each of its constants. */
function declarationsOf(statement: ts.Statement): readonly ts.NamedDeclaration[] {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  if (modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) !== true) return [];
  return ts.isVariableStatement(statement)
    ? statement.declarationList.declarations
    : [statement as ts.DeclarationStatement];
}

function sortOf(declaration: ts.NamedDeclaration): Exported['sort'] | undefined {
  if (ts.isInterfaceDeclaration(declaration) || ts.isTypeAliasDeclaration(declaration)) return 'type';
  const value = ts.isVariableDeclaration(declaration) ? declaration.initializer : declaration;
  if (value === undefined) return undefined;
  const isFunction =
    ts.isFunctionDeclaration(value) || ts.isArrowFunction(value) || ts.isFunctionExpression(value);
  return isFunction ? 'function' : undefined;
}

function isNamedFunction(node: ts.Node): boolean {
  if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isConstructorDeclaration(node)) {
    return node.body !== undefined;
  }
  const isNamed = (owner: ts.Node): boolean =>
    ts.isVariableDeclaration(owner) || ts.isPropertyAssignment(owner);
  return (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) && isNamed(node.parent);
}

function linesOf(source: ts.SourceFile, node: ts.Node): number {
  const { line: first } = source.getLineAndCharacterOfPosition(node.getStart());
  const { line: last } = source.getLineAndCharacterOfPosition(node.getEnd());
  return last - first + 1;
}

/** Folders that reach each other, each group sorted. */
function folderCycles(files: readonly SourceFile[]): readonly (readonly string[])[] {
  const edges = new Map<string, Set<string>>();
  for (const { path, imports } of files) {
    const from = dirname(path);
    const targets = edges.get(from) ?? new Set();
    for (const to of imports.map((file) => dirname(file))) if (to !== from) targets.add(to);
    edges.set(from, targets);
  }
  const reached = new Map([...edges.keys()].map((folder) => [folder, reachableFrom(folder, edges)]));
  const groups = [...reached].flatMap(([folder, others]) => {
    const circle = [...others].filter((other) => reached.get(other)?.has(folder) === true).toSorted();
    return circle[0] === folder && circle.length > 1 ? [circle] : [];
  });
  return groups;
}

function reachableFrom(start: string, edges: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [start];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const next of edges.get(folder) ?? []) {
      if (reached.has(next)) continue;
      reached.add(next);
      open.push(next);
    }
  }
  return reached;
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** `N of M (P %)` of the exports of one sort. */
function documentedShare(exported: readonly Exported[], sort: Exported['sort']): string {
  const all = exported.filter((one) => one.sort === sort);
  const documented = all.filter(({ isDocumented }) => isDocumented).length;
  return `${documented} of ${all.length} (${Math.floor((100 * documented) / Math.max(1, all.length))} %)`;
}

const files = globSync('src/**/*.ts', { cwd: root }).map(readSource);
const lengths = files.flatMap(({ functionLengths }) => functionLengths).toSorted((one, other) => one - other);
const folders = [...Map.groupBy(files, ({ path }) => dirname(path))]
  .map(([folder, { length }]) => ({ folder, length }))
  .toSorted((one, other) => other.length - one.length);
const crowded = folders.filter(({ length }) => length > maxFilesPerFolder);
const cycles = folderCycles(files);

const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => percentile(lengths, share));
console.log(`${files.length} files in ${folders.length} folders, ${lengths.length} functions`);
console.log(`lines per function: p50 ${p50}, p90 ${p90}, p99 ${p99}, max ${lengths.at(-1)}`);
console.log(
  `files per folder: ${folders
    .slice(0, 5)
    .map(({ folder, length }) => `${folder} ${length}`)
    .join(', ')}, …`,
);
const exported = files.flatMap((file) => file.exported);
const [types, functions] = (['type', 'function'] as const).map((sort) => documentedShare(exported, sort));
console.log(`exported types documented: ${types}, exported functions: ${functions}`);
if (process.argv.includes('--undocumented')) {
  for (const { place, sort, name, isDocumented } of exported)
    if (!isDocumented) console.log(`${place} ${sort} ${name}`);
}
for (const { folder, length } of crowded)
  console.log(`${folder} has ${length} files, more than ${maxFilesPerFolder}`);
for (const cycle of cycles) console.log(`folders that import each other: ${cycle.join(', ')}`);
if (cycles.length === 0) console.log('no import cycle between folders');
if (process.argv.includes('--check') && crowded.length + cycles.length > 0) process.exitCode = 1;

/** Makes kustomize's error messages readable: they are nested once per folder. */
import { existsSync } from 'node:fs';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { Fault } from '../domain/failure/fault.ts';
import type { SourceLocation } from '../domain/kubernetes/source-location.ts';
import { type Kustomization, kustomizationFile, readKustomizations } from './files/kustomization-tree.ts';
import { type Explanation, explain, type Failure } from './files/render-explanations.ts';
import type { YamlFiles } from './files/yaml-source.ts';

interface Place {
  /** Absolute folder that was being built. */
  readonly folder: string;
  /** Absolute path of the file being read, where the message names one. */
  readonly file?: string;
}

/** Makes the Fault `render-failed` from what the renderer wrote to its standard error. */
export function renderFailure(options: {
  readonly stderr: string;
  /** Absolute folder of the overlay, and of the wrapper, whose path is meaningless to users. */
  readonly overlay: string;
  readonly wrapper: string;
  readonly workspace: string;
  readonly files: YamlFiles;
}): Fault {
  const { message, place } = unnest(unquoteLog(options.stderr), { folder: options.overlay });
  const short = (path: string) => shortPath(path, options.workspace);
  const absent = absentFile(message);
  const explanation = absent === undefined ? explain(failureAt(message, place, options)) : undefined;
  if (explanation !== undefined) {
    const location = lineOf(explanation.place, options);
    return fault(clean(explanation.sentence), explanation.remedy, location);
  }
  const location = locate(message, place, options);
  const template =
    absent !== undefined && existsSync(`${absent}.template`) ? `${absent}.template` : undefined;
  const remedy =
    template !== undefined
      ? `Make it from ${short(template)} in an earlier step of the job.`
      : absent === undefined
        ? `Correct it, and check with: kubectl kustomize ${relative(options.workspace, options.overlay)}`
        : 'Add the file, or make an earlier step of the job write it, or correct the path.';
  const sentence = absent === undefined ? rewrite(message, options) : `${short(absent)} does not exist`;
  const named = absent !== undefined || location === undefined || sentence.includes(location.file);
  return fault(named ? sentence : `${sentence} (${location.file})`, remedy, location);
}

function fault(sentence: string, remedy: string, location: SourceLocation | undefined): Fault {
  const details = location === undefined ? {} : { location };
  return new Fault('render-failed', `The overlay does not render: ${sentence}.`, remedy, details);
}

/** What the table of explanations needs to know, from the tree of kustomizations on disk. */
function failureAt(
  message: string,
  place: Place,
  options: { workspace: string; overlay: string; files: YamlFiles },
): Failure {
  const { workspace, overlay, files } = options;
  const known = new Map<string, Kustomization | undefined>();
  readKustomizations(overlay, files, known);
  readKustomizations(place.folder, files, known);
  return {
    message,
    folder: place.folder,
    kustomization: kustomizationFile(place.folder) ?? join(place.folder, 'kustomization.yaml'),
    file: place.file,
    plugins: known.get(place.folder)?.plugins ?? [],
    manifests: [...known.values()].flatMap((node) => [...(node?.resources ?? [])]),
    readLines: (file) => files.readLines(file),
    short: (path) => shortPath(path, workspace),
  };
}

/** The file relative to the workspace; line 1 if it does not contain the mark. */
function lineOf(
  { file, mark }: Explanation['place'],
  { workspace, files }: { workspace: string; files: YamlFiles },
): SourceLocation | undefined {
  const path = relative(workspace, file);
  if (path.startsWith('..')) return undefined;
  if (typeof mark === 'number') return { file: path, line: mark };
  const index = mark ? files.readLines(file).findIndex((text) => text.includes(mark)) : 0;
  return { file: path, line: Math.max(1, index + 1) };
}

/** Removes `error: `, `Error: `, and the log form `E1123 … "command failed" err="…"` with its quoting. */
function unquoteLog(stderr: string): string {
  const quoted = /\berr="((?:[^"\\]|\\.)*)"/s.exec(stderr)?.[1];
  if (quoted !== undefined)
    return quoted.replaceAll(/\\(.)/gs, (_, character: string) => escapes[character] ?? character);
  const block = /\berr=<\n(.*?)\n >/s.exec(stderr)?.[1];
  if (block !== undefined) return block.replaceAll(/^\t/gm, '');
  return stderr
    .trim()
    .replace(/^(# Warning:.*\n)+/gm, '')
    .replace(/^error: /i, '');
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t' };

/** One level of nesting: its pattern, and the folder or file that it names. The innermost message is the last group. */
const nestings: readonly { readonly pattern: RegExp; readonly tells: 'folder' | 'file' | 'nothing' }[] = [
  {
    pattern:
      /^accumulation err='accumulating resources from '([^']*)': '[^']*' must resolve to a file': (.*)$/s,
    tells: 'nothing',
  },
  {
    pattern:
      /^accumulation err='(?:accumulating|merging) resources from '([^']*)': (.*?)': must build at directory: .*$/s,
    tells: 'file',
  },
  {
    pattern: /^(?:recursed|recursed merging from|recursed accumulation of) path '([^']*)': (.*)$/s,
    tells: 'folder',
  },
  { pattern: /^recursed accumulation of path '([^']*)': (.*)$/s, tells: 'folder' },
  { pattern: /^couldn't make target for path '([^']*)': (.*)$/s, tells: 'folder' },
  { pattern: /^accumulating (?:resources|components) from '([^']*)': (.*)$/s, tells: 'file' },
  { pattern: /^accumulat(?:ing|e) (resources|components): (.*)$/s, tells: 'nothing' },
  // The configuration may contain secret values, and text that looks like its end.
  { pattern: /^trouble configuring builtin (\w+) with config: `.*\n`: (.*)$/s, tells: 'nothing' },
  { pattern: /^(loading (?:generator|transformer|validator) plugins): (.*)$/s, tells: 'nothing' },
];

function unnest(text: string, start: Place): { message: string; place: Place } {
  let message = text.trim();
  let place = start;
  for (;;) {
    const step = nestings
      .map((nesting) => ({ tells: nesting.tells, match: nesting.pattern.exec(message) }))
      .find(({ match }) => match !== null);
    const told = step?.match?.[1];
    const inner = step?.match?.[2];
    if (step === undefined || told === undefined || inner === undefined) return { message, place };
    if (step.tells === 'folder') place = { folder: told };
    if (step.tells === 'file') place = { ...place, file: resolve(place.folder, told) };
    message = inner.trim();
  }
}

function absentFile(message: string): string | undefined {
  return /lstat ([^\s:]+): no such file or directory/.exec(message)?.[1];
}

/** Parts of messages that repeat what the user wrote, which may be a secret. */
function withoutContent(message: string): string {
  return message
    .replace(/literal sources \[.*\]: /s, '')
    .replace(/literal source .*?(, expected|$)/, 'literal source (not shown)$1')
    .replace(/ from \[(patch|json): .*$/, ' from an inline patch')
    .replace(/"[^"]*" is not a valid key name/, 'a key (not shown) is not a valid key name');
}

/** The first sentence, with paths as the user knows them and without control characters. */
function rewrite(message: string, options: { workspace: string; wrapper: string }): string {
  const [firstLine = ''] = message.split('\n');
  const text = withoutContent(firstLine)
    .replaceAll(`${options.wrapper}/`, '')
    .replaceAll(options.wrapper, 'the overlay')
    .replaceAll(/(\/[^\s'":,]+)/g, (path) => shortPath(path, options.workspace))
    .replace(/^invalid Kustomization: /, 'the kustomization is invalid: ');
  return clean(text) || 'the renderer failed without a message';
}

/** One line of untrusted text, without control characters and full stop, 400 characters at the most. */
function clean(text: string): string {
  const plain = text.replaceAll(/\p{Cc}/gu, ' ').replace(/[.\s]+$/, '');
  return plain.length > 400 ? `${plain.slice(0, 399)}…` : plain;
}

function shortPath(path: string, workspace: string): string {
  const short = relative(workspace, path);
  return isAbsolute(path) && !short.startsWith('..') && short !== '' ? short : path;
}

function locate(
  message: string,
  place: Place,
  options: { workspace: string; files: YamlFiles },
): SourceLocation | undefined {
  const at = (file: string, line: number): SourceLocation | undefined => {
    const path = relative(options.workspace, file);
    return path.startsWith('..') ? undefined : { file: path, line };
  };
  const kustomization = kustomizationFile(place.folder) ?? join(place.folder, 'kustomization.yaml');
  const line = Number(/\byaml: line (\d+)/.exec(message)?.[1] ?? 1);
  const absent = absentFile(message);
  if (absent === undefined && place.file !== undefined) return at(place.file, line);
  const named =
    absent ??
    /unknown field "([^"]+)"|'([^']+)'/
      .exec(message)
      ?.slice(1)
      .find((text) => text !== undefined);
  if (named === undefined || line > 1) return at(kustomization, line);
  const index = options.files.readLines(kustomization).findIndex((text) => text.includes(basename(named)));
  return at(kustomization, Math.max(1, index + 1));
}

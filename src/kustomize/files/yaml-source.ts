/** YAML files with source positions: which line contains which field. Each file is read and parsed once. */
import { readFileSync } from 'node:fs';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Scalar,
} from 'yaml';
import { kubernetesYaml } from './kubernetes-yaml.ts';

/** One document of a file, or of a patch written inside another file. */
export interface YamlSource {
  /** Absolute path of the file a person would open. */
  readonly file: string;
  readonly document: Document.Parsed;
  /** Line (from 1) in `file` of an offset of this document. */
  readonly lineAt: (offset: number) => number;
}

/** Files read once and kept as long as this value: a change on the disk is not seen. */
export interface YamlFiles {
  /** The documents of a file; none if it cannot be read or is not YAML. */
  read(file: string): readonly YamlSource[];
  /** The lines of any text file; none if it cannot be read. */
  readLines(file: string): readonly string[];
  /** The documents written inside a scalar (an inline patch): lines count in the file around it. */
  readInline(source: YamlSource, scalar: Scalar): readonly YamlSource[];
}

/** Without any file: each is read when it is first asked for. */
export function createYamlFiles(): YamlFiles {
  const parsed = new Map<string, readonly YamlSource[]>();
  const texts = new Map<string, string | undefined>();
  const inline = new Map<Scalar, readonly YamlSource[]>();
  const readText = (file: string): string | undefined => {
    if (!texts.has(file)) texts.set(file, textOf(file));
    return texts.get(file);
  };
  return {
    read(file) {
      const known = parsed.get(file);
      if (known !== undefined) return known;
      const text = readText(file);
      const sources = text === undefined ? [] : parseSources(text, file, (line) => line);
      parsed.set(file, sources);
      return sources;
    },
    readLines: (file) => readText(file)?.split('\n') ?? [],
    readInline(source, scalar) {
      const sources = inline.get(scalar) ?? inlineSources(source, scalar);
      inline.set(scalar, sources);
      return sources;
    },
  };
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function parseSources(text: string, file: string, toFileLine: (line: number) => number): YamlSource[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { ...kubernetesYaml, lineCounter: lines, uniqueKeys: false });
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => ({
    file,
    document,
    lineAt: (offset) => toFileLine(lines.linePos(offset).line),
  }));
}

function inlineSources(source: YamlSource, scalar: Scalar): readonly YamlSource[] {
  const start = source.lineAt(scalar.range?.[0] ?? 0);
  const text = String(scalar.value);
  // The content of `|` begins on the next line; of folded and quoted text only the first line is known.
  const toFileLine = scalar.type === 'BLOCK_LITERAL' ? (line: number) => start + line : () => start;
  return parseSources(text, source.file, toFileLine);
}

/** The value of a key, aliases resolved; undefined if there is none. */
export function fieldOf(source: YamlSource, node: unknown, key: string): Node | undefined {
  const map = followAlias(source, node);
  if (!isMap(map)) return undefined;
  const pair = map.items.find((item) => keyText(item.key) === key);
  return followAlias(source, pair?.value);
}

/** The items of a list, aliases resolved; none for anything else. */
export function itemsOf(source: YamlSource, node: unknown): readonly Node[] {
  const list = followAlias(source, node);
  if (!isSeq(list)) return [];
  return list.items.map((item) => followAlias(source, item)).filter((item) => item !== undefined);
}

/** The text of a scalar as it was written (`newTag: 1.10` stays `1.10`); undefined for anything else. */
export function textOfNode(node: unknown): string | undefined {
  if (!isScalar(node)) return undefined;
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}

/** A mapping's key as text; undefined for keys that are lists or mappings. */
export function keyText(key: unknown): string | undefined {
  return isScalar(key) ? String(key.value) : typeof key === 'string' ? key : undefined;
}

/** The node that an alias (`*name`) stands for, any other node as it is; undefined where there is none. */
export function followAlias(source: YamlSource, node: unknown): Node | undefined {
  if (isAlias(node)) return node.resolve(source.document) ?? undefined;
  return isMap(node) || isSeq(node) || isScalar(node) ? node : undefined;
}

/** The line in the file, from 1; of the whole document where the node is absent. */
export function lineOfNode(source: YamlSource, node: Node | undefined): number {
  return source.lineAt(node?.range?.[0] ?? source.document.contents?.range[0] ?? 0);
}

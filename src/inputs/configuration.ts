/** `orion.yaml`: one schema is the source for parsing, for the published JSON Schema and for the documentation. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isCollection, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { Fault } from '../domain/failure/fault.ts';
import { withAuthorityFiles } from './authority-files.ts';
import { nearestName } from './nearest-name.ts';
import { smokeSchema } from './smoke-configuration.ts';

const label = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be 1 to 63 lower-case letters, digits and dashes');

const cluster = z
  .strictObject({
    uid: z
      .string()
      .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'must be the UID of the namespace kube-system')
      .describe(
        'UID of the namespace kube-system: kubectl get namespace kube-system -o jsonpath={.metadata.uid}',
      ),
    environment: z.enum(['local', 'staging', 'production']).describe('What the cluster is for.'),
  })
  .describe('A cluster, identified by its UID and not by its name in a kubeconfig.');

const clusterScoped = z
  .string()
  .regex(
    /^[A-Z][A-Za-z0-9]*(\.[a-z0-9.-]+)?\/[^\s/]+$/,
    'must be a kind, perhaps with its group, and a name: ClusterRole/shop-reader',
  );

export const configurationSchema = z
  .strictObject({
    app: label
      .optional()
      .describe('Name of the application: owner of release records and lock. Default: the repository name.'),
    clusters: z.record(label, cluster).optional().describe('Known clusters, by name.'),
    namespaces: z
      .array(label)
      .optional()
      .describe(
        "Other namespaces in which the overlay may have objects, besides the release's own; workloads and Services are not allowed there.",
      ),
    'cluster-scoped': z
      .array(clusterScoped)
      .optional()
      .describe(
        'Cluster-scoped objects that the overlay may have, `ClusterRole/shop-reader`; they are never deleted.',
      ),
    smoke: smokeSchema.optional().describe('Settings of the smoke tests, in addition to what they discover.'),
  })
  .describe('Configuration of Orion deploy.')
  .check(({ value, issues }) => {
    const seen = new Map<string, string>();
    for (const [name, { uid }] of Object.entries(value.clusters ?? {})) {
      const earlier = seen.get(uid);
      if (earlier !== undefined) {
        const message = `is also the UID of ${earlier}`;
        issues.push({ code: 'custom', input: uid, path: ['clusters', name, 'uid'], message });
      }
      seen.set(uid, name);
    }
  });

/** The content of `orion.yaml` after parsing, with defaults filled in; durations are milliseconds. */
export type Configuration = Readonly<z.output<typeof configurationSchema>>;

/**
 * Reads the configuration: `config` (relative to the workspace) if given, else `orion.yaml` if it exists, else an empty one. Throws a
 * Fault `bad-config` with a line of cause per problem, each starting with `file:line`.
 */
export async function readConfiguration(options: {
  readonly workspace: string;
  readonly config?: string | undefined;
}): Promise<Configuration> {
  const file = options.config ?? 'orion.yaml';
  try {
    const parsed = parseConfiguration(await readFile(join(options.workspace, file), 'utf8'), file);
    if (parsed.smoke === undefined) return parsed;
    return { ...parsed, smoke: await withAuthorityFiles(parsed.smoke, options.workspace, file) };
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (options.config === undefined && isMissing(error)) return {};
    throw new Fault(
      'bad-config',
      `The configuration file ${file} cannot be read${isMissing(error) ? ': it does not exist' : ''}.`,
      'Correct the input config, or leave it out.',
      { cause: error },
    );
  }
}

/** Parses the text of a configuration file; `file` is its name in errors. See `readConfiguration` for errors. */
export function parseConfiguration(text: string, file: string): Configuration {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const syntax = document.errors.map((error) => ({
    line: lines.linePos(error.pos[0]).line,
    message: `is not YAML: ${error.message.split('\n')[0]}`,
  }));
  if (syntax.length > 0) throw faultOf(file, syntax);

  const result = configurationSchema.safeParse(document.contents === null ? {} : document.toJS());
  if (result.success) return result.data;
  throw faultOf(
    file,
    result.error.issues.flatMap((issue) => {
      const keys = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
      return keys.map((key) => {
        const path = key === undefined ? issue.path : [...issue.path, key];
        return { line: lineOf(path), message: key === undefined ? describe(issue) : unknownField(path) };
      });
    }),
  );

  /** The line of the field, or of its nearest existing parent. */
  function lineOf(path: readonly PropertyKey[]): number {
    for (let length = path.length; length > 0; length -= 1) {
      const offset = keyOffset(path.slice(0, length));
      if (offset !== undefined) return lines.linePos(offset).line;
    }
    return 1;
  }

  function keyOffset(path: readonly PropertyKey[]): number | undefined {
    const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
    if (!isCollection(parent)) return undefined;
    const last = path.at(-1);
    const item = parent.items.find((candidate, index) =>
      isKeyed(candidate) ? String(candidate.key) === String(last) : index === last,
    );
    const node: unknown = isKeyed(item) ? item.key : item;
    return isRanged(node) ? node.range[0] : undefined;
  }
}

function describe(issue: z.core.$ZodIssue): string {
  const message =
    issue.code === 'invalid_type'
      ? `must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`
      : issue.message;
  return `${issue.path.map(String).join('.') || 'the document'} ${message.replace(/^I/, 'i')}`;
}

function unknownField(path: readonly PropertyKey[]): string {
  const known = knownFields(path.slice(0, -1));
  const nearest = nearestName(String(path.at(-1)), known);
  const hint = nearest === undefined ? `known are ${known.join(', ')}` : `did you mean ${nearest}?`;
  return `${path.map(String).join('.')} is unknown; ${hint}`;
}

interface FieldSchema {
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly additionalProperties?: FieldSchema | boolean;
  readonly items?: FieldSchema;
}

function knownFields(path: readonly PropertyKey[]): readonly string[] {
  let schema: FieldSchema = z.toJSONSchema(configurationSchema) as FieldSchema;
  for (const step of path) {
    const { properties, additionalProperties, items } = schema;
    const others = typeof additionalProperties === 'object' ? additionalProperties : {};
    schema = items ?? properties?.[String(step)] ?? others;
  }
  return Object.keys(schema.properties ?? {});
}

function faultOf(file: string, problems: readonly { line: number; message: string }[]): Fault {
  const message = problems.map((problem) =>
    `${file}:${problem.line}: ${problem.message}.`.replace('?.', '?'),
  );
  return new Fault(
    'bad-config',
    message.join('\n'),
    `Correct ${file}; docs/orion.schema.json describes it.`,
    {
      location: { file, line: problems[0]?.line ?? 1 },
    },
  );
}

function isKeyed(value: unknown): value is { key: unknown } {
  return typeof value === 'object' && value !== null && 'key' in value;
}

function isRanged(value: unknown): value is { range: [number, number, number] } {
  return typeof value === 'object' && value !== null && 'range' in value && Array.isArray(value.range);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/**
 * Explanations and remedies for kustomize's error messages. Wording of kustomize 4.5 to 5.8, from its source and from
 * observation.
 */
import { parseId } from './resource-id.ts';

/** One failure: its innermost message, and where kustomize was. */
export interface Failure {
  readonly message: string;
  /** Absolute folder that was being built. */
  readonly folder: string;
  /** Absolute path of its kustomization file, as it is or would be. */
  readonly kustomization: string;
  /** Absolute path of the file being read, where the message names one. */
  readonly file: string | undefined;
  /** Absolute paths of the configuration of its generators, transformers and validators. */
  readonly plugins: readonly string[];
  /** Absolute paths of every manifest that the overlay and its bases list. */
  readonly manifests: readonly string[];
  readonly readLines: (file: string) => readonly string[];
  /** A path relative to the workspace, as the user knows it. */
  readonly short: (path: string) => string;
}

/** Why an overlay does not render, for the Fault. */
export interface Explanation {
  /** Completes "The overlay does not render: ", without a full stop. */
  readonly sentence: string;
  readonly remedy: string;
  /** The file to open (absolute), and a text in the line or the line's number. */
  readonly place: { readonly file: string; readonly mark?: string | number | undefined };
}

interface Rule {
  readonly pattern: RegExp;
  readonly explain: (parts: Readonly<Record<string, string>>, failure: Failure) => Explanation;
}

const uniqueNames =
  'Remove one of them or give it another name; what changes an object of a base belongs under patches.';
const fieldReference =
  'The fields are listed at https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/.';

const rules: readonly Rule[] = [
  { pattern: /must specify --enable-helm/, explain: (_, failure) => helmChart(failure) },
  {
    pattern: /external plugins disabled; unable to load external plugin '(?<kind>[^']*)'/,
    explain: ({ kind = '' }, failure) => plugin(kind, failure),
  },
  {
    pattern: /must specify --enable-(?:alpha-plugins|exec|star|network)|function runtime|fn runtime/i,
    explain: (_, failure) => plugin('', failure),
  },
  {
    pattern: /missing metadata\.name in object \{\{(?<version>\S*) (?<kind>[^}]*)\}/,
    explain: ({ kind = '' }, failure) => withoutName(kind, failure),
  },
  {
    pattern: /missing (?<field>kind|Kind) in object/,
    explain: (_, failure) => ({
      sentence: `${failure.short(fileOf(failure))} holds an object without a kind`,
      remedy: 'Give every document of the file apiVersion, kind and metadata.name.',
      place: { file: fileOf(failure) },
    }),
  },
  {
    pattern: /may not add resource with an already registered id: (?<id>\S+)/,
    explain: ({ id = '' }, failure) => ({
      sentence: `${parseId(id)} has an already registered id: ${failure.short(fileOf(failure))} brings it a second time`,
      remedy: uniqueNames,
      place: {
        file: fileOf(failure),
        mark: failure.file === undefined ? undefined : `name: ${parseId(id).split(' ')[1]}`,
      },
    }),
  },
  {
    pattern: /security; file '(?<path>[^']*)' is not in or below '/,
    explain: ({ path = '' }, failure) => ({
      sentence: `${failure.short(failure.kustomization)} names ${failure.short(path)}, and kustomize reads no single file outside of its folder`,
      remedy:
        'Move the file below that folder, or give its folder a kustomization.yaml and list the folder under resources.',
      place: { file: failure.kustomization, mark: path.split('/').at(-1) },
    }),
  },
  {
    pattern: /unknown field "(?<field>[^"]{1,60})"/,
    explain: ({ field = '' }, failure) => ({
      sentence: `${failure.short(failure.kustomization)} has the unknown field "${field}"`,
      remedy: `Correct or remove it. ${fieldReference}`,
      place: { file: failure.kustomization, mark: field },
    }),
  },
  {
    pattern:
      /cannot unmarshal (?<found>\w+) into Go struct field \w+\.(?<field>[\w.]+) of type (?<wanted>\S+)/,
    explain: ({ found = '', field = '', wanted = '' }, failure) => wrongType(field, found, wanted, failure),
  },
  {
    pattern: /yaml: (?:unmarshal errors: )?line (?<line>\d+): (?<problem>.*?)(?: in File: (?<file>\S+))?$/,
    explain: ({ line = '1', problem = '' }, failure) => notYaml(Number(line), problem, failure),
  },
  {
    pattern: /(?:kustomization\S*|file) is empty$|^no resources? found/,
    explain: (_, { short, kustomization }) => ({
      sentence: `${short(kustomization)} lists nothing`,
      remedy:
        'List manifests under resources, or take the folder out of the kustomization that refers to it.',
      place: { file: kustomization },
    }),
  },
  {
    pattern: /unable to find one of 'kustomization\.yaml'.* in directory '(?<folder>[^']*)'/,
    explain: ({ folder = '' }, { short, kustomization }) => ({
      sentence: `the folder ${short(folder)} has no kustomization.yaml`,
      remedy: 'Give it one that lists its manifests under resources, or list the files themselves.',
      place: { file: kustomization },
    }),
  },
  {
    pattern: /^Found multiple kustomization files under: (?<folder>\S+)/,
    explain: ({ folder = '' }, { short, kustomization }) => ({
      sentence: `the folder ${short(folder)} has more than one kustomization file`,
      remedy: 'Keep one of kustomization.yaml, kustomization.yml and Kustomization.',
      place: { file: kustomization },
    }),
  },
  {
    pattern: /^Failed to read kustomization file under \S+ (?<problem>.*)$/,
    explain: ({ problem = '' }, { short, kustomization }) => ({
      sentence: `${short(kustomization)} is not a kustomization: ${problem}`,
      remedy: 'Set apiVersion: kustomize.config.k8s.io/v1beta1 and kind: Kustomization.',
      place: { file: kustomization, mark: problem.split(' ')[0] },
    }),
  },
  {
    pattern: /expected kind 'Component' for path '(?<path>[^']*)'/,
    explain: ({ path = '' }, { short, kustomization }) => ({
      sentence: `${short(kustomization)} lists ${short(path)} under components, but it is not a Component`,
      remedy: 'List it under resources, or set kind: Component in its kustomization.yaml.',
      place: { file: kustomization, mark: 'components' },
    }),
  },
  {
    pattern: /no resource matches strategic merge patch "?(?<id>[^"\s]+)/,
    explain: ({ id = '' }, { short, kustomization }) => ({
      sentence: `a patch of ${short(kustomization)} is for ${parseId(id)}, which is not in its resources`,
      remedy: 'Correct kind, name and namespace in the patch, or remove it.',
      place: { file: kustomization, mark: 'patches' },
    }),
  },
  {
    pattern: /out of memory|cannot allocate memory/,
    explain: (_, { short, kustomization }) => ({
      sentence: `${short(kustomization)} takes more than 8 GiB of memory`,
      remedy: 'Look for a component or resource that is included again and again.',
      place: { file: kustomization },
    }),
  },
  {
    pattern: /^nothing selected by (?<id>\S+)/,
    explain: ({ id = '' }, { short, kustomization }) => ({
      sentence: `a replacement in ${short(kustomization)} takes its value from ${parseId(id)}, which is not in its resources`,
      remedy: 'Correct the source of the replacement, or add that object.',
      place: { file: kustomization, mark: 'replacements' },
    }),
  },
  {
    pattern: /Kind:"(?<kind>\w*)".*Name:"(?<name>[^"]*)".*does not exist; cannot merge or replace/,
    explain: ({ kind = '', name = '' }, { short, kustomization }) => ({
      sentence: `a generator in ${short(kustomization)} merges into ${kind} ${name}, which no base makes`,
      remedy: 'Remove its behavior, or correct its name and namespace.',
      place: { file: kustomization, mark: name },
    }),
  },
];

/** The first rule that matches the message; undefined if none does. */
export function explain(failure: Failure): Explanation | undefined {
  const message = failure.message.replaceAll(/\s+/g, ' ').trim();
  for (const rule of rules) {
    const match = rule.pattern.exec(message);
    if (match !== null) return rule.explain(match.groups ?? {}, failure);
  }
  return undefined;
}

function fileOf(failure: Failure): string {
  return failure.file ?? failure.kustomization;
}

/** The configuration file of a plugin that names `text`, else the kustomization. */
function configurationWith(text: string, failure: Failure): string {
  const holds = (file: string) => failure.readLines(file).some((line) => line.includes(text));
  return (text === '' ? undefined : failure.plugins.find(holds)) ?? failure.kustomization;
}

function helmChart(failure: Failure): Explanation {
  const file = configurationWith('HelmChartInflationGenerator', failure);
  const field = ['helmCharts', 'helmChartInflationGenerator'].find((name) =>
    failure.readLines(failure.kustomization).some((line) => line.includes(name)),
  );
  const mark = file === failure.kustomization ? field : 'HelmChartInflationGenerator';
  return {
    sentence: `${failure.short(file)} renders a Helm chart (${mark ?? 'helmCharts'}), which kustomize does only with --enable-helm, and Orion does not run Helm`,
    remedy:
      'Render the chart into a file of the overlay before (helm template RELEASE CHART > FILE), and list that file under resources instead.',
    place: { file, mark },
  };
}

function plugin(kind: string, failure: Failure): Explanation {
  const file = configurationWith(kind, failure);
  return {
    sentence: `${failure.short(file)} needs ${kind === '' ? 'a plugin or function' : `the plugin or function ${kind}`}, and Orion runs no programs that an overlay brings`,
    remedy: 'Run it in an earlier step of the job, and list the file that it writes under resources.',
    place: { file, mark: kind },
  };
}

function withoutName(kind: string, failure: Failure): Explanation {
  const file = fileOf(failure);
  const lines = failure.readLines(file);
  const template = lines.findIndex((line) => line.includes('{{'));
  if (template >= 0 && !lines.some((line) => /\bgenerateName\b/.test(line))) {
    return {
      sentence: `${failure.short(file)} is a template ({{ … }} in line ${template + 1}), so that an object of kind ${kind} has no metadata.name`,
      remedy:
        'Fill the template in an earlier step of the job, and list the file that it makes under resources.',
      place: { file, mark: template + 1 },
    };
  }
  const generated = lines.some((line) => /\bgenerateName\b/.test(line));
  return {
    sentence: generated
      ? `${failure.short(file)} holds an object of kind ${kind} with generateName: it has no metadata.name, and cannot be applied without`
      : `${failure.short(file)} holds an object of kind ${kind} without metadata.name (missing metadata.name)`,
    remedy: generated ? nameInstead : 'Give it a name under metadata.',
    place: { file, mark: generated ? 'generateName' : `kind: ${kind}` },
  };
}

/** The remedy for an object with `generateName`. */
export const nameInstead =
  'Give it metadata.name instead; to run it again with a release, let the name change (nameSuffix of the kustomization).';

function wrongType(field: string, found: string, wanted: string, failure: Failure): Explanation {
  const isText = wanted === 'string';
  const isList = wanted.startsWith('[]');
  const kind = isText
    ? 'a text'
    : isList
      ? 'a list'
      : wanted.startsWith('map')
        ? 'a map'
        : `of type ${wanted}`;
  return {
    sentence: `${failure.short(failure.kustomization)} has ${found === 'string' ? 'a text' : `a value of type ${found}`} as ${field}, which must be ${kind}`,
    remedy: isText
      ? 'Write the value in quotes.'
      : isList
        ? 'Write each entry in a line of its own behind a dash.'
        : `Correct it. ${fieldReference}`,
    place: { file: failure.kustomization, mark: `${field.split('.').at(-1)}:` },
  };
}

function notYaml(line: number, problem: string, failure: Failure): Explanation {
  const file = failure.file ?? manifestWithKey(line, problem, failure) ?? failure.kustomization;
  // The message quotes a value of the wrong type in backticks.
  const shown = problem.replaceAll(/`[^`]*`/g, '…');
  return {
    sentence: `${failure.short(file)} is not valid YAML in line ${line} or before: ${shown}`,
    remedy: `Correct the file; look at the indentation and quotes around line ${line}, and for tabs.`,
    place: { file, mark: line },
  };
}

/** kustomize does not say which file contains a duplicate key. */
function manifestWithKey(line: number, problem: string, failure: Failure): string | undefined {
  const key = /mapping key "([^"]*)" already defined/.exec(problem)?.[1];
  if (key === undefined) return undefined;
  return failure.manifests.find((file) => failure.readLines(file)[line - 1]?.includes(key));
}

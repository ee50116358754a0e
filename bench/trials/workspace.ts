/** A checked-out repository for one cell: the scenario's folder with the cell's own names, and an overlay that sets its namespace. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments, stringify } from 'yaml';
import type { KubernetesObject } from '../judge/writes.ts';

export type Part = 'before' | 'overlay';

export interface Workspace {
  readonly folder: string;
  /** The copy of the scenario's folder. */
  readonly scenario: string;
  /** Below `folder`; the same for both parts, as a repository's overlay is the same from commit to commit. */
  readonly overlay: string;
  readonly namespace: string;
  /** Puts `registry.example` and `namespace.example` right. */
  localise(text: string): string;
  /** What the overlay leads to from now on. */
  select(part: Part): Promise<void>;
  /** By `kubectl kustomize`. */
  render(): Promise<{ readonly text: string; readonly objects: readonly KubernetesObject[] }>;
}

export async function prepareWorkspace(
  scenarioFolder: string,
  namespace: string,
  registry: string,
): Promise<Workspace> {
  const folder = await mkdtemp(join(tmpdir(), `orion-trial-${namespace}-`));
  const scenario = join(folder, 'scenario');
  const overlay = 'k8s/overlays/staging';
  const localise = (text: string): string =>
    text.replaceAll('registry.example', registry).replaceAll('namespace.example', namespace);
  await cp(scenarioFolder, scenario, { recursive: true });
  await localiseFiles(scenario, localise);
  await mkdir(join(folder, overlay), { recursive: true });
  return {
    folder,
    scenario,
    overlay,
    namespace,
    localise,
    async select(part) {
      const kustomization = { namespace, resources: [`../../../scenario/${part}`] };
      await writeFile(join(folder, overlay, 'kustomization.yaml'), stringify(kustomization));
    },
    async render() {
      const path = join(folder, overlay);
      const { stdout: text } = await promisify(execFile)('kubectl', ['kustomize', path], {
        maxBuffer: 2 ** 27,
      });
      return {
        text,
        objects: parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject),
      };
    },
  };
}

async function localiseFiles(folder: string, localise: (text: string) => string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const text = await readFile(path, 'utf8');
    const local = localise(text);
    if (local !== text) await writeFile(path, local);
  }
}

/** A repository of somebody who deploys the example application with the example workflow. */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../../testbed/binaries/run-command.ts';

const examples = join(import.meta.dirname, '../../../examples');
export const overlayFile = 'k8s/overlays/staging/kustomization.yaml';
/** Where an example workflow lies in the repository: `staging`, `smoke`. */
export const workflowFile = (name: string): string => `.github/workflows/${name}.yml`;

export interface OrionRepositoryOptions {
  /** Instead of the example's own, so that tests do not meet in one cluster; that of production is `productionOf(namespace)`. */
  readonly namespace: string;
  /** What its author changed in the staging overlay's kustomization.yaml. */
  readonly edit?: (kustomization: string) => string;
  /** What its author changed in the workflows. */
  readonly editWorkflow?: (workflow: string) => string;
}

export const productionOf = (namespace: string): string => `${namespace}-production`;

/** Makes the repository in a new folder, with one commit on `main`. */
export async function createOrionRepository(folder: string, options: OrionRepositoryOptions): Promise<void> {
  await cp(join(examples, 'orion/k8s'), join(folder, 'k8s'), {
    recursive: true,
    filter: (path) => !path.endsWith('secrets.env'),
  });
  await mkdir(join(folder, '.github/workflows'), { recursive: true });
  const { edit = unchanged, editWorkflow = unchanged } = options;
  const workflows = join(folder, '.github/workflows');
  await cp(join(examples, 'workflows'), workflows, { recursive: true });
  for (const file of await readdir(workflows)) await rewrite(join(workflows, file), editWorkflow);
  await writeFile(join(folder, '.gitignore'), 'secrets.env\n');
  const namespaces = { staging: options.namespace, production: productionOf(options.namespace) };
  for (const [environment, namespace] of Object.entries(namespaces)) {
    for (const file of ['kustomization.yaml', 'namespace.yaml']) {
      const path = join(folder, 'k8s/overlays', environment, file);
      await rewrite(path, (text) => text.replaceAll(`orion-${environment}`, namespace));
    }
  }
  await rewrite(join(folder, overlayFile), edit);
  await commit(folder);
}

const unchanged = (text: string): string => text;

async function rewrite(path: string, edit: (text: string) => string): Promise<void> {
  await writeFile(path, edit(await readFile(path, 'utf8')));
}

async function commit(folder: string): Promise<void> {
  const git = (...rest: string[]): Promise<string> => runCommand('git', ['-C', folder, ...rest]);
  await git('init', '--quiet', '--initial-branch=main');
  await git('remote', 'add', 'origin', 'https://github.com/orion/example.git');
  await git('add', '--all');
  const author = ['-c', 'user.name=Somebody', '-c', 'user.email=somebody@orion.example'];
  await git(...author, '-c', 'commit.gpgsign=false', 'commit', '--quiet', '--message=Deploy Orion');
}

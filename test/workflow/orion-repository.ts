/** A repository of somebody who deploys the example application with the example workflow. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../testbed/binaries/run-command.ts';

const examples = join(import.meta.dirname, '../../examples');
export const overlayFile = 'k8s/overlays/staging/kustomization.yaml';
/** Where an example workflow lies in the repository: `staging`, `smoke`. */
export const workflowFile = (name: string): string => `.github/workflows/${name}.yml`;

export interface OrionRepositoryOptions {
  /** Instead of the example's own, so that tests do not meet in one cluster. */
  readonly namespace: string;
  /** What its author changed in the overlay's kustomization.yaml. */
  readonly edit?: (kustomization: string) => string;
}

/** Makes the repository in a new folder, with one commit on `main`. */
export async function createOrionRepository(folder: string, options: OrionRepositoryOptions): Promise<void> {
  const overlay = join(folder, 'k8s/overlays/staging');
  await cp(join(examples, 'orion/k8s'), join(folder, 'k8s'), {
    recursive: true,
    filter: (path) => !path.endsWith('secrets.env'),
  });
  await mkdir(join(folder, '.github/workflows'), { recursive: true });
  await cp(join(examples, 'workflows'), join(folder, '.github/workflows'), { recursive: true });
  await writeFile(join(folder, '.gitignore'), 'secrets.env\n');
  for (const file of ['kustomization.yaml', 'namespace.yaml']) {
    const text = await readFile(join(overlay, file), 'utf8');
    await writeFile(join(overlay, file), text.replaceAll('orion-staging', options.namespace));
  }
  const kustomization = join(folder, overlayFile);
  const { edit = (text: string) => text } = options;
  await writeFile(kustomization, edit(await readFile(kustomization, 'utf8')));
  await commit(folder);
}

async function commit(folder: string): Promise<void> {
  const git = (...rest: string[]): Promise<string> => runCommand('git', ['-C', folder, ...rest]);
  await git('init', '--quiet', '--initial-branch=main');
  await git('remote', 'add', 'origin', 'https://github.com/orion/example.git');
  await git('add', '--all');
  const author = ['-c', 'user.name=Somebody', '-c', 'user.email=somebody@orion.example'];
  await git(...author, '-c', 'commit.gpgsign=false', 'commit', '--quiet', '--message=Deploy Orion');
}

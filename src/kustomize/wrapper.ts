/**
 * The folder that is built instead of the overlay: it enables origin annotations, for which there is no command-line
 * option.
 */
import { copyFile, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { Kustomization } from './files/kustomization-tree.ts';
import { fieldOf, textOfNode } from './files/yaml-source.ts';

interface Wrapper {
  readonly folder: string;
  remove(): Promise<void>;
}

/**
 * Makes the wrapper in a temporary folder. kustomize honours some fields in the outermost kustomization only, so the overlay's own are
 * repeated: `openapi` (its file copied, since files above the folder are forbidden) and the `managedByLabel` of `buildMetadata`.
 */
export async function makeWrapper(overlay: Kustomization, temporary: string | undefined): Promise<Wrapper> {
  const folder = await realpath(await mkdtemp(join(temporary ?? tmpdir(), 'orion-render-')));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const content = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      // kustomize refuses absolute paths here.
      resources: [relative(folder, overlay.folder)],
      buildMetadata: ['originAnnotations', ...(asksForManagedByLabel(overlay) ? ['managedByLabel'] : [])],
      ...(await openApi(overlay, folder)),
    };
    await writeFile(join(folder, 'kustomization.yaml'), stringify(content));
    return { folder, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function asksForManagedByLabel({ source }: Kustomization): boolean {
  const asked = fieldOf(source, source.document.contents, 'buildMetadata');
  const value: unknown = asked?.toJS(source.document);
  return Array.isArray(value) && value.includes('managedByLabel');
}

async function openApi({ source, folder }: Kustomization, target: string): Promise<{ openapi?: object }> {
  const openapi = fieldOf(source, source.document.contents, 'openapi');
  const path = textOfNode(fieldOf(source, openapi, 'path'));
  const version = textOfNode(fieldOf(source, openapi, 'version'));
  if (path !== undefined) {
    await copyFile(resolve(folder, path), join(target, 'openapi.json'));
    return { openapi: { path: 'openapi.json' } };
  }
  return version === undefined ? {} : { openapi: { version } };
}

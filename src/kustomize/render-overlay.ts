/** Renders an overlay: scan, build, parse, and record origins. */

import { realpathSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { chooseRenderer } from '../domain/checks/tools.ts';
import { Fault } from '../domain/failure/fault.ts';
import type { Overlay } from '../ports/overlay.ts';
import { type Kustomization, readKustomizations } from './files/kustomization-tree.ts';
import { parseRendered, type RenderedObject } from './files/rendered-objects.ts';
import { createYamlFiles, fieldOf, textOfNode, type YamlFiles } from './files/yaml-source.ts';
import { nearestOverlay } from './nearest-overlay.ts';
import { createOriginMap } from './origins/origin-map.ts';
import { findRemoteReferences, refuseRemoteReferences } from './remote-bases.ts';
import { renderFailure } from './render-failure.ts';
import { buildArguments, findPrograms, findRenderers, type Program, type Renderer } from './renderers.ts';
import { runTool } from './run-tool.ts';
import { makeWrapper } from './wrapper.ts';

/** The overlay as the port has it, with the program that rendered it. */
export interface RenderedOverlay extends Overlay {
  readonly renderer: Renderer;
  /** The overlay's kustomization file, relative to the workspace. */
  readonly file: string;
}

interface RenderOptions {
  /** Folder of the overlay, relative to the workspace. */
  readonly overlay: string;
  /** Absolute path of the checkout. */
  readonly workspace: string;
  readonly allowRemoteBases: boolean;
  /** PATH, HOME and TMPDIR are used, and RUNNER_TEMP for the temporary folder. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** The result of `findRenderers`, if already known. */
  readonly renderers?: Promise<readonly Renderer[]>;
}

/**
 * Renders an overlay as `kubectl kustomize` or `kustomize build` would. Throws a Fault: `overlay-missing`, `remote-base`, `tool-missing`,
 * `tool-version`, `render-failed`, `object-invalid`.
 */
export async function renderOverlay(options: RenderOptions): Promise<RenderedOverlay> {
  const files = createYamlFiles();
  const workspace = realpathSync(options.workspace);
  const known = new Map<string, Kustomization | undefined>();
  const root = openOverlay(options.overlay, workspace, files, known);
  if (!options.allowRemoteBases) {
    const kustomizations = [...known.values()].filter((node) => node !== undefined);
    refuseRemoteReferences(findRemoteReferences(kustomizations, files, workspace));
  }
  const [program] = await findPrograms(options.env);
  const buildWith = (renderer: Program) => build({ ...options, renderer, root, workspace, files });
  // Rendering and the version query run in parallel; an unsupported version is a better explanation than its error.
  const building = program === undefined ? undefined : buildWith(program);
  building?.catch(() => undefined);
  const renderer = chooseRenderer(await (options.renderers ?? findRenderers(options.env, options.signal)));
  const { rendered, built } = await (renderer.path === program?.path && building
    ? building
    : buildWith(renderer));
  const namespaces = namespacesOf(rendered);
  const namespace = ownNamespace(root) ?? (namespaces.length === 1 ? namespaces[0] : undefined);
  return {
    objects: rendered.map(({ object }) => object),
    ...(namespace === undefined ? {} : { namespace }),
    namespaces,
    renderer,
    file: relative(workspace, root.file),
    locate: createOriginMap({ rendered, root, built, workspace, files }),
  };
}

function openOverlay(
  overlay: string,
  workspace: string,
  files: YamlFiles,
  known: Map<string, Kustomization | undefined>,
): Kustomization {
  const folder = join(workspace, overlay);
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder && isOutside(workspace, realpathSync(folder))) {
    throw new Fault(
      'bad-input',
      `The overlay ${overlay} is a symbolic link to outside the workspace.`,
      'Use a folder of the repository.',
    );
  }
  const root = isFolder ? readKustomizations(folder, files, known) : undefined;
  if (root !== undefined) return root;
  const nearest = nearestOverlay(workspace, overlay);
  throw new Fault(
    'overlay-missing',
    isFolder
      ? `The folder ${overlay} has no kustomization.yaml.`
      : `There is no folder ${overlay} in the workspace.`,
    nearest === undefined
      ? 'Set the input overlay to a folder with a kustomization.yaml, and check that the repository is checked out.'
      : `Set the input overlay to ${nearest}, or to another folder with a kustomization.yaml.`,
  );
}

function isOutside(workspace: string, folder: string): boolean {
  const path = relative(workspace, folder);
  return path === '..' || path.startsWith('../');
}

async function build(
  options: RenderOptions & { renderer: Program; root: Kustomization; files: YamlFiles },
): Promise<{ rendered: readonly RenderedObject[]; built: string }> {
  const { renderer, root, files, workspace } = options;
  const wrapper = await makeWrapper(root, options.env['RUNNER_TEMP'] || undefined);
  try {
    const parameters = buildArguments(renderer.name, wrapper.folder);
    const { code, stdout, stderr } = await runTool(renderer.path, parameters, options);
    if (code !== 0)
      throw renderFailure({ stderr, overlay: root.folder, wrapper: wrapper.folder, workspace, files });
    const rendered = parseRendered(stdout, { built: wrapper.folder, workspace });
    if (rendered.length > 0) return { rendered, built: wrapper.folder };
  } finally {
    await wrapper.remove();
  }
  throw new Fault(
    'render-failed',
    `The overlay ${options.overlay} renders no objects.`,
    'List its manifests under resources in the kustomization.yaml.',
    { location: { file: relative(workspace, root.file), line: 1 } },
  );
}

/** The `namespace:` of the overlay's own kustomization, without rendering it: files that it reads may be missing. */
export function namespaceOfOverlay(overlay: string, workspace: string): string | undefined {
  return ownNamespace(openOverlay(overlay, realpathSync(workspace), createYamlFiles(), new Map()));
}

function ownNamespace({ source }: Kustomization): string | undefined {
  return textOfNode(fieldOf(source, source.document.contents, 'namespace')) || undefined;
}

function namespacesOf(rendered: readonly RenderedObject[]): readonly string[] {
  const names = rendered.map(({ object }) => object.metadata.namespace).filter((name) => name !== undefined);
  return [...new Set(names)].sort();
}

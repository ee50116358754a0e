/** Overlays in temporary folders. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { Fault } from '../../../src/domain/failure/fault.ts';
import { type RenderedOverlay, renderOverlay } from '../../../src/kustomize/render-overlay.ts';

type Files = Readonly<Record<string, string>>;

export const deployment =
  'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: {replicas: 1}\n';

/** A base with one Deployment, and an overlay on it. */
export const simple = {
  'base/kustomization.yaml': 'resources: [api.yaml]\n',
  'base/api.yaml': deployment,
  'overlay/kustomization.yaml': 'resources: [../base]\n',
};

/** An empty folder, links resolved, removed after the tests of the file. */
export const scratch = await realpath(await mkdtemp(join(tmpdir(), 'orion-overlays-')));
afterAll(() => rm(scratch, { recursive: true }));
let count = 0;

/** A workspace with these files. */
export async function workspaceOf(files: Files): Promise<string> {
  count += 1;
  const workspace = join(scratch, `workspace-${count}`);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(workspace, path)), { recursive: true });
    await writeFile(join(workspace, path), text);
  }
  return workspace;
}

interface Changes {
  readonly overlay?: string;
  readonly allowRemoteBases?: boolean;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/** Renders the folder `overlay` of these files. */
export async function render(files: Files, changes: Changes = {}): Promise<RenderedOverlay> {
  const workspace = await workspaceOf(files);
  return renderOverlay({
    overlay: 'overlay',
    workspace,
    allowRemoteBases: false,
    env: process.env,
    ...changes,
  });
}

/** The Fault that rendering ends with. */
export async function fault(files: Files, changes: Changes = {}): Promise<Fault> {
  const error: unknown = await render(files, changes).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Fault) return error;
  throw new Error(`no Fault, but ${String(error)}`);
}

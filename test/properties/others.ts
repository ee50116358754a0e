/** What others do to a namespace beside Orion, with kubectl: objects that they make, and fields that they write. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubectl } from './differ.ts';
import { strangersOf } from './overlay.ts';
import type { ForeignEdit, Scenario } from './scenario.ts';

export interface Others {
  /** An administrator's. */
  readonly kubeconfig: string;
  readonly namespace: string;
  /** Where a file may be written. */
  readonly folder: string;
}

export async function applyAll(
  { kubeconfig, folder }: Others,
  objects: readonly object[],
  ...options: readonly string[]
): Promise<void> {
  if (objects.length === 0) return;
  const file = join(folder, 'objects.json');
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  await kubectl(kubeconfig, 'apply', '-f', file, ...options);
}

export async function makeStrangers(others: Others, scenario: Scenario): Promise<void> {
  const strangers = strangersOf(scenario);
  const by = (wanted: string) =>
    strangers.filter(({ origin }) => origin === wanted).map(({ object }) => object);
  const options = ['-n', others.namespace];
  await applyAll(others, by('kubectl'), ...options);
  await applyAll(others, by('someone'), ...options, '--server-side', '--field-manager=someone');
}

/** An edit may not fit what the release has made of the object: then nobody made it. */
export async function makeEdit(others: Others, edit: ForeignEdit): Promise<void> {
  try {
    await write(others, edit);
  } catch (error) {
    if (!/is invalid: /.test(String(error))) throw error;
  }
}

async function write(others: Others, { kind, name, manager, how, patch }: ForeignEdit): Promise<void> {
  const { kubeconfig, namespace } = others;
  const asManager = `--field-manager=${manager}`;
  const object = [kind, name, '-n', namespace];
  const there = await kubectl(kubeconfig, 'get', ...object, '-o', 'json', '--ignore-not-found');
  if (there === '') return;
  if (how === 'update') {
    await kubectl(kubeconfig, 'patch', ...object, '--type=merge', asManager, '-p', JSON.stringify(patch));
    return;
  }
  const { apiVersion } = JSON.parse(there) as { readonly apiVersion: string };
  const { metadata = {}, ...rest } = patch as { readonly metadata?: object };
  await applyAll(
    others,
    [{ apiVersion, kind, metadata: { ...metadata, name, namespace }, ...rest }],
    '--server-side',
    '--force-conflicts',
    // Of a container only what this manager wants of it.
    '--validate=false',
    asManager,
  );
}

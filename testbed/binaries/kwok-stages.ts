import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { defaultCacheRoot, familyFolder, isIntact, putIntoCache } from './binary-cache.ts';
import { goModules } from './ensure-binaries.ts';
import { withFileLock } from './file-lock.ts';
import { goEnvironment } from './go-build.ts';
import { runCommand } from './run-command.ts';
import { tools } from './tools.ts';

/** The Stages that make hollow nodes and pods behave; those under `chaos` act only on what is labelled for them. */
const stageFiles = [
  'node/fast/node-initialize.yaml',
  'node/heartbeat-with-lease/node-heartbeat-with-lease.yaml',
  'node/chaos/node-not-ready.yaml',
  'pod/fast/pod-ready.yaml',
  'pod/fast/pod-complete.yaml',
  'pod/fast/pod-delete.yaml',
  'pod/chaos/pod-container-running-failed.yaml',
  'pod/chaos/pod-init-container-running-failed.yaml',
];

/** The path of one file with all of kwok's Stages, taken from kwok's own Go module and kept in the cache. */
export async function ensureKwokStages(): Promise<string> {
  const modules = join(goModules, 'kwok');
  const folder = await familyFolder(defaultCacheRoot(), modules, 'kwok', [['kwok', tools.kwok]]);
  const list = createHash('sha256').update(stageFiles.join()).digest('hex').slice(0, 8);
  const path = join(folder, `stages-${list}.yaml`);
  if (await isIntact(path)) return path;
  await withFileLock(join(folder, 'lock'), async () => {
    if (await isIntact(path)) return;
    const kustomize = join(await moduleFolder(modules), 'kustomize', 'stage');
    const stages = await Promise.all(stageFiles.map((file) => readFile(join(kustomize, file), 'utf8')));
    await putIntoCache(path, (temporary) => writeFile(temporary, stages.join('\n---\n')));
  });
  return path;
}

async function moduleFolder(modules: string): Promise<string> {
  const answer = await runCommand('go', ['mod', 'download', '-json', 'sigs.k8s.io/kwok'], {
    cwd: modules,
    environment: { ...process.env, ...goEnvironment },
  });
  return z.object({ Dir: z.string() }).parse(JSON.parse(answer)).Dir;
}

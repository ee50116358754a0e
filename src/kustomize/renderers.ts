/** Finds a renderer: `kubectl` (with its built-in kustomize) or `kustomize`; either is enough. */
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { runTool } from './run-tool.ts';

type RendererName = 'kubectl' | 'kustomize';

/** A program on this machine that can render. */
export interface Renderer {
  readonly name: RendererName;
  /** Absolute path of the program. */
  readonly path: string;
  /** `v1.36.3`; `unknown` if the program does not report it. */
  readonly version: string;
  /** Version of kustomize inside: the same as `version` for `kustomize`, its own for `kubectl`. */
  readonly kustomizeVersion: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** A renderer that was found and not yet asked for its version. */
export type Program = Pick<Renderer, 'name' | 'path'>;

/** What can render on this PATH, the one that will be used first (kubectl before kustomize). */
export async function findPrograms(env: Variables): Promise<readonly Program[]> {
  const names = ['kubectl', 'kustomize'] as const;
  const found = await Promise.all(names.map(async (name) => ({ name, path: await findProgram(name, env) })));
  return found.filter((program): program is Program => program.path !== undefined);
}

/** The same, with their versions. */
export async function findRenderers(env: Variables, signal?: AbortSignal): Promise<readonly Renderer[]> {
  const describe = { kubectl: describeKubectl, kustomize: describeKustomize };
  const programs = await findPrograms(env);
  return Promise.all(programs.map(({ name, path }) => describe[name](path, env, signal)));
}

/** Arguments that make the renderer build `folder` to its standard output. */
export function buildArguments(name: RendererName, folder: string): readonly string[] {
  return name === 'kubectl' ? ['kustomize', folder] : ['build', folder];
}

async function describeKubectl(path: string, env: Variables, signal?: AbortSignal): Promise<Renderer> {
  const { code, stdout } = await runTool(path, ['version', '--client', '--output=json'], { env, signal });
  const version = /"gitVersion":\s*"([^"]{1,60})"/.exec(stdout)?.[1];
  const kustomizeVersion = /"kustomizeVersion":\s*"([^"]{1,60})"/.exec(stdout)?.[1];
  if (code !== 0) return { name: 'kubectl', path, version: 'unknown', kustomizeVersion: 'unknown' };
  return {
    name: 'kubectl',
    path,
    version: version ?? 'unknown',
    kustomizeVersion: kustomizeVersion ?? 'unknown',
  };
}

async function describeKustomize(path: string, env: Variables, signal?: AbortSignal): Promise<Renderer> {
  const { stdout } = await runTool(path, ['version'], { env, signal });
  // `v5.8.1`, or `{Version:kustomize/v4.5.7 GitCommit:…}` before 5.0
  const version = /v\d+\.\d+\.\d+[-+.\w]{0,40}/.exec(stdout)?.[0] ?? 'unknown';
  return { name: 'kustomize', path, version, kustomizeVersion: version };
}

async function findProgram(name: string, env: Variables): Promise<string | undefined> {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    // A relative entry would search the checkout.
    if (!isAbsolute(folder)) continue;
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

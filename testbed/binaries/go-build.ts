import { TestbedError } from '../testbed-error.ts';
import { runCommand } from './run-command.ts';
import { ensureSystemPackages } from './system-packages.ts';
import type { Tool } from './tools.ts';

const heartbeatMilliseconds = 30_000;

/** The arguments of `go build`, but for the output: part of the cache's key. */
export function buildArguments(tool: Tool): string[] {
  const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false'];
  if (tool.buildTags) flags.push('-tags', tool.buildTags);
  flags.push('-ldflags', ['-s -w', tool.linkerFlags].filter(Boolean).join(' '));
  return ['build', ...flags, tool.package];
}

/** Builds `tool` in its module folder into `output`. Throws a TestbedError with the compiler's last lines. */
export async function goBuild(
  name: string,
  tool: Tool,
  moduleFolder: string,
  output: string,
  progress: (line: string) => void,
): Promise<void> {
  await requireGo(name);
  if (tool.buildPackages) await ensureSystemPackages(tool.buildPackages, progress);
  const [command = '', ...rest] = buildArguments(tool);
  const started = performance.now();
  const heartbeat = setInterval(() => {
    progress(`still building ${name}, ${Math.round((performance.now() - started) / 1000)} s`);
  }, heartbeatMilliseconds);
  try {
    await runCommand('go', [command, '-o', output, ...rest], {
      cwd: moduleFolder,
      environment: { ...process.env, ...goEnvironment, CGO_ENABLED: tool.cgo ? '1' : '0' },
    });
  } finally {
    clearInterval(heartbeat);
  }
}

// A developer's own flags or workspace would change what is built without changing the cache's key.
export const goEnvironment = { GOFLAGS: '', GOWORK: 'off' } as const;

async function requireGo(name: string): Promise<void> {
  try {
    await runCommand('go', ['version']);
  } catch {
    throw new TestbedError(
      `${name} is not in the cache and Go, which builds it, is not installed. Install Go 1.26 or newer, or name a folder with the binary in ORION_TESTBED_BINARIES.`,
    );
  }
}

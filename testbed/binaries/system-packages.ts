import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestbedError } from '../testbed-error.ts';
import { withFileLock } from './file-lock.ts';
import { runCommand } from './run-command.ts';

/**
 * Makes sure that Debian packages are installed, through apt-get and only for those that are missing.
 * Throws a TestbedError that gives the command to run where this process may not install anything.
 */
export async function ensureSystemPackages(
  packages: readonly string[],
  progress: (line: string) => void = () => {},
): Promise<void> {
  if ((await missingPackages(packages)).length === 0) return;
  // apt-get's own lock does not cover `update`, and several builders may ask at the same moment.
  await withFileLock(join(tmpdir(), 'orion-testbed-apt.lock'), async () => {
    const missing = await missingPackages(packages);
    if (missing.length === 0) return;
    if (process.getuid?.() !== 0) throw new TestbedError(cannotInstall(missing));
    progress(`installing Debian packages: ${missing.join(', ')}`);
    await aptGet(['update', '-qq']);
    await aptGet(['install', '-y', '-qq', '--no-install-recommends', ...missing]);
  });
}

async function missingPackages(packages: readonly string[]): Promise<string[]> {
  const status = '/var/lib/dpkg/status';
  const debian = await access(status).then(
    () => true,
    () => false,
  );
  if (!debian) {
    throw new TestbedError(
      `This machine is no Debian, so the testbed cannot install ${packages.join(', ')}. Use hollow nodes (--hollow), or a Debian machine.`,
    );
  }
  const listed = await runCommand('dpkg-query', ['-W', '-f', `\${Package} \${db:Status-Status}\\n`]);
  const installed = new Set(listed.split('\n'));
  return packages.filter((name) => !installed.has(`${name} installed`));
}

function aptGet(commandArguments: readonly string[]): Promise<string> {
  return runCommand('apt-get', [...commandArguments, '-o', 'DPkg::Lock::Timeout=120'], {
    environment: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

function cannotInstall(missing: readonly string[]): string {
  const names = missing.join(' ');
  return `These Debian packages are missing, and only root can install them: ${names}. Run: sudo apt-get install ${names}`;
}

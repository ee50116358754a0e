import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Lines of `ps` for the processes that name the folder in their environment or their command line. */
export async function processesOf(folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['axeww', '-o', 'pid=,command=']);
  return stdout.split('\n').filter((line) => line.includes(folder));
}

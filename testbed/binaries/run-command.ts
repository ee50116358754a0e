import { spawn } from 'node:child_process';
import { TestbedError } from '../testbed-error.ts';

export interface CommandOptions {
  readonly cwd?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Runs a command to its end and returns its standard output.
 * Throws a TestbedError with the last lines it printed if it fails or does not exist.
 */
export function runCommand(
  command: string,
  commandArguments: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, commandArguments, {
      cwd: options.cwd,
      env: options.environment ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.on('error', (error) => reject(new TestbedError(`${command} cannot be run: ${error.message}.`)));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output);
      const last = `${output}\n${errors}`.trim().split('\n').slice(-12).join('\n');
      reject(
        new TestbedError(`${command} ${commandArguments[0] ?? ''} ended with ${code ?? signal}:\n${last}`),
      );
    });
  });
}

import { version } from './version.ts';

/** The first line of the log. */
export function banner(action: string): void {
  process.stdout.write(`Orion ${action} ${version}\n`);
}

/** How a bundle starts and ends. */

/**
 * Runs an action to its exit code. All errors are caught: an uncaught error in a minified bundle would print a whole
 * line of source, and an unhandled rejection must never end as a successful deployment.
 */
export async function runToExit(work: () => Promise<number>): Promise<void> {
  process.on('unhandledRejection', (error) => fail(error));
  process.on('uncaughtException', (error) => fail(error));
  // A promise that never settles would let Node end with 0: green without a verdict.
  process.exitCode = 2;
  try {
    const code = await work();
    await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
    process.exit(code);
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  // A line break in a message could start a workflow command.
  process.stdout.write(`Orion itself failed: ${message.replace(/[\r\n]+/g, ' ')}\n`);
  process.exit(2);
}

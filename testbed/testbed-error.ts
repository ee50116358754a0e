/** A failure of the testbed that its user can act on: the message is one sentence of cause and one of remedy. */
export class TestbedError extends Error {
  override readonly name = 'TestbedError';
}

/** The message of anything thrown, for a log line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

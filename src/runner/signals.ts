/**
 * Cancellation. The runner sends SIGINT to this process only, SIGTERM 7.5 s later, and kills 2.5 s after that; main must have
 * stopped within 5 s (release state row 11).
 */
export function abortOnSignals(exit: (code: number) => void): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) return;
    controller.abort(new Error('The run was cancelled.'));
    // If the orderly shutdown hangs (a dead network), exit before the runner kills the process: post settles the rest.
    setTimeout(() => exit(5), 4_500).unref();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}

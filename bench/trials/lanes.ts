/** Several at a time, those that bear no company one after the other at the end. */
export async function inLanes<Job extends { readonly alone: boolean }>(
  jobs: readonly Job[],
  lanes: number,
  work: (job: Job) => Promise<void>,
): Promise<void> {
  const waiting = jobs.filter(({ alone }) => !alone);
  const lane = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await work(job);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  for (const job of jobs) if (job.alone) await work(job);
}

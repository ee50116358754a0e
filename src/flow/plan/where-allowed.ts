import type { ClusterPort } from '../../ports/cluster.ts';

/** The answer, or undefined where this identity may not ask. */
export async function whereAllowed<Answer>(
  cluster: ClusterPort,
  answer: Promise<Answer>,
): Promise<Answer | undefined> {
  return answer.catch((error: unknown) => {
    if (cluster.refusalOf(error)?.status === 403) return undefined;
    throw error;
  });
}

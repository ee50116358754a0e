import type { ClusterPort } from '../../ports/cluster.ts';

/** The response, or undefined if this identity lacks the permission. */
export async function whereAllowed<Answer>(
  cluster: ClusterPort,
  answer: Promise<Answer>,
): Promise<Answer | undefined> {
  return answer.catch((error: unknown) => {
    if (cluster.refusalOf(error)?.status === 403) return undefined;
    throw error;
  });
}

/** The client of GitHub's REST API: a deadline per attempt, retries, validated responses, refusals as Faults. */
import { z } from 'zod';
import { Fault } from '../domain/failure/fault.ts';
import { maxRetryAfter, retry, transientStatuses } from '../retry/retry.ts';

/** How GitHub's REST API is reached. */
export interface ClientAccess {
  /** `GITHUB_API_URL`. */
  readonly apiUrl: string | undefined;
  /** Absent: `githubClient` throws the Fault `github-forbidden`. */
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  /** Milliseconds for one attempt; default 10,000. */
  readonly deadline?: number;
}

/** One GET of the REST API, with the shape that its answer must have. */
export interface Question<Schema extends z.ZodType> {
  /** `GET /repos/{owner}/{repo}/actions/runs/{run_id}`, with its parameters. */
  readonly route: string;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly schema: Schema;
  /** The permission that the token needs, in workflow syntax: `actions: read`. */
  readonly permission: string;
}

/** Reads GitHub's REST API; a try that fails in passing is repeated. */
export interface GitHubClient {
  /**
   * Undefined for 404.
   * @throws Fault `github-forbidden`, `github-rate-limited`, `github-unreachable`, `github-answer-unclear`
   */
  get<Schema extends z.ZodType>(question: Question<Schema>): Promise<z.output<Schema> | undefined>;
}

const refusalSchema = z.object({
  status: z.number(),
  message: z.string().catch(''),
  response: z.object({ headers: z.record(z.string(), z.coerce.string()).catch({}) }).optional(),
});
type ApiRefusal = z.output<typeof refusalSchema>;

/** Loads the client library and asks nothing yet. Throws a Fault `github-forbidden` without a token. */
export async function githubClient(access: ClientAccess): Promise<GitHubClient> {
  const { token, apiUrl, signal, deadline = 10_000 } = access;
  if (token === undefined) {
    throw new Fault(
      'github-forbidden',
      'There is no token to read from GitHub who approved this run.',
      'Leave the input github-token at its default, and give the job `actions: read` and `checks: read`.',
    );
  }
  const { getOctokit } = await import(/* webpackMode: "eager" */ '@actions/github');
  const octokit = getOctokit(token, apiUrl === undefined ? {} : { baseUrl: apiUrl });
  return {
    async get(question) {
      const ask = async (): Promise<unknown> => {
        const limit = AbortSignal.any([signal, AbortSignal.timeout(deadline)]);
        const parameters = { ...question.parameters, request: { signal: limit } };
        return (await octokit.request(question.route, parameters)).data;
      };
      const data = await repeating(ask, signal).catch((error: unknown) => {
        if (signal.aborted) throw error;
        const refusal = refusalOf(error);
        if (refusal?.status === 404) return undefined;
        throw faultOf(refusal, question.permission, error);
      });
      if (data === undefined) return undefined;
      const parsed = question.schema.safeParse(data);
      if (parsed.success) return parsed.data;
      throw new Fault(
        'github-answer-unclear',
        `GitHub's response to ${question.route} does not match its documentation.`,
        'Check whether a proxy responds in its place; if not, this version of Orion is too old for that API.',
        { cause: parsed.error },
      );
    },
  };
}

function repeating<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return retry(attempt, {
    retries: 2,
    minTimeout: 300,
    signal,
    isTransient: (error) => {
      const refusal = refusalOf(error);
      return (
        refusal === undefined || transientStatuses.has(refusal.status) || waitOf(refusal) <= maxRetryAfter
      );
    },
    retryAfter: (error) => {
      const wait = waitOf(refusalOf(error));
      return Number.isFinite(wait) ? wait : 0;
    },
  });
}

/** Undefined if the server did not respond: Octokit wraps a broken connection as a 500 without a response. */
function refusalOf(error: unknown): ApiRefusal | undefined {
  const parsed = refusalSchema.safeParse(error);
  return parsed.success && parsed.data.response !== undefined ? parsed.data : undefined;
}

/**
 * Milliseconds that a rate-limited client must wait; infinite if the refusal is not a rate limit or does not say how
 * long.
 */
function waitOf(refusal: ApiRefusal | undefined): number {
  if (refusal?.status !== 429 && refusal?.status !== 403) return Number.POSITIVE_INFINITY;
  return Number(refusal.response?.headers['retry-after'] ?? Number.POSITIVE_INFINITY) * 1000;
}

/** Source: GitHub docs, "Rate limits for the REST API": 403 or 429, with `x-ratelimit-remaining: 0` or `retry-after`. */
function isRateLimited({ status, message, response }: ApiRefusal): boolean {
  if (status === 429) return true;
  const headers = response?.headers ?? {};
  return (
    status === 403 &&
    (headers['x-ratelimit-remaining'] === '0' ||
      headers['retry-after'] !== undefined ||
      /secondary rate limit/i.test(message))
  );
}

function faultOf(refusal: ApiRefusal | undefined, permission: string, cause: unknown): Fault {
  if (refusal === undefined || refusal.status >= 500) {
    const how = refusal === undefined ? 'did not answer' : `answered ${refusal.status}`;
    return new Fault(
      'github-unreachable',
      `GitHub's API ${how}, so it is not known who approved this run.`,
      'Run the job again; githubstatus.com shows whether GitHub has problems.',
      { cause },
    );
  }
  if (isRateLimited(refusal)) {
    const reset = Number(refusal.response?.headers['x-ratelimit-reset'] ?? Number.NaN) * 1000;
    const when = Number.isFinite(new Date(reset).getTime()) ? ` after ${new Date(reset).toISOString()}` : '';
    return new Fault(
      'github-rate-limited',
      "GitHub's API has had too many requests from this token, so it is not known who approved this run.",
      `Run the job again${when || ' later'}.`,
      { cause },
    );
  }
  return new Fault(
    'github-forbidden',
    `GitHub refuses this token (status ${refusal.status}): it may not read who approved this run.`,
    `Add \`${permission}\` to \`permissions:\` of the job.`,
    { cause },
  );
}

/** A local server that answers as GitHub's REST API documents it; routes are replaced one by one. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Answer {
  readonly status: number;
  /** An object is sent as JSON, a text as it is. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `broken` closes the connection, `silent` never answers. */
export type Route = Answer | 'broken' | 'silent';

export interface RestApi extends AsyncDisposable {
  readonly url: string;
  /** Paths in the order in which they were asked, without their query. */
  readonly asked: readonly string[];
  /** Requests that could have changed something: `POST /repos/…`. Orion has none (ADR 0013). */
  readonly written: readonly string[];
  /** By path; a path without a route is 404. Several answers are given one after the other, the last one for ever. */
  answer(path: string, ...routes: readonly Route[]): void;
}

export const ok = (body: unknown): Answer => ({ status: 200, body });

/** Source: GitHub docs, "Troubleshooting the REST API", "Resource not accessible". */
export const forbidden: Answer = {
  status: 403,
  body: {
    message: 'Resource not accessible by integration',
    documentation_url: 'https://docs.github.com/rest',
  },
};

export const notFound: Answer = { status: 404, body: { message: 'Not Found', status: '404' } };

export async function startRestApi(): Promise<RestApi> {
  const routes = new Map<string, Route[]>();
  const asked: string[] = [];
  const written: string[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/\?.*$/, '');
    asked.push(path);
    if (request.method !== 'GET') written.push(`${request.method} ${path}`);
    const waiting = routes.get(path);
    const route = (waiting !== undefined && waiting.length > 1 ? waiting.shift() : waiting?.[0]) ?? notFound;
    if (route === 'silent') return;
    if (route === 'broken') request.socket.destroy();
    else send(response, route);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    written,
    answer: (path, ...given) => {
      routes.set(path, [...given]);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  const text = typeof body === 'string';
  response.writeHead(status, {
    'content-type': text ? 'text/html' : 'application/json; charset=utf-8',
    ...headers,
  });
  response.end(text ? body : JSON.stringify(body));
}

const base = '/repos/acme/shop';
export const paths = {
  checkRun: `${base}/check-runs/9`,
  deployments: `${base}/deployments`,
  statuses: `${base}/deployments/5/statuses`,
  environment: `${base}/environments/production`,
  approvals: `${base}/actions/runs/77/approvals`,
  run: `${base}/actions/runs/77`,
  jobs: `${base}/actions/runs/77/jobs`,
  pending: `${base}/actions/runs/77/pending_deployments`,
  attemptJobs: `${base}/actions/runs/77/attempts/1/jobs`,
  rejectedCheckRun: `${base}/check-runs/4`,
} as const;

/** Job 9 of run 77 is in `production`, which alice or a team may review, and alice approved it; bob triggered it. */
export function approvedRun(api: RestApi): void {
  api.answer(paths.checkRun, ok({ id: 9, deployment: { id: 5, environment: 'production' } }));
  api.answer(paths.environment, ok(environment()));
  api.answer(paths.approvals, ok([review('alice')]));
  api.answer(paths.run, ok(workflowRun()));
}

export function review(login: string, state = 'approved'): unknown {
  const comment = state === 'approved' ? 'Ship it!' : 'Not on a Friday.';
  return { state, comment, environments: [{ id: 1, name: 'production' }], user: { login, id: 2 } };
}

export function environment(rule: Readonly<Record<string, unknown>> = {}): unknown {
  return {
    id: 1,
    name: 'production',
    can_admins_bypass: true,
    protection_rules: [
      { id: 2, type: 'wait_timer', wait_timer: 30 },
      {
        id: 3,
        type: 'required_reviewers',
        prevent_self_review: false,
        reviewers: [
          { type: 'User', reviewer: { login: 'alice', id: 2, type: 'User' } },
          { type: 'Team', reviewer: { id: 4, name: 'Release managers', slug: 'release-managers' } },
        ],
        ...rule,
      },
      { id: 5, type: 'branch_policy' },
    ],
    deployment_branch_policy: null,
  };
}

export function workflowRun(triggeredBy = 'bob'): unknown {
  return {
    id: 77,
    actor: { login: triggeredBy },
    triggering_actor: { login: triggeredBy },
    repository: { id: 8, private: false },
  };
}

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of journeys are written so
/** Journeys by the bundle against a real HTTP server with sessions: log in, call, log out. */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { everythingShown, smoke } from '../../support/actions/local-smoke-tests.ts';
import { listening } from '../../support/servers/ports.ts';

const password = 'Correct"Horse&Battery';
const token = 'eyJ0b2tlbiI6InNlY3JldCJ9.orion';
const session = 'session-0f8e7d6c5b';
const order = 'a b/c?d';
let shop: string;
let asked: string[];
/** What the next answers are like. */
let fault: 'none' | 'order-500' | 'no-token' | 'first-login-503' = 'none';

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

const server = createServer(async (request, response) => {
  const { method, url, headers } = request;
  asked.push(`${method} ${url}`);
  const body = await bodyOf(request);
  const say = (status: number, document: object, more: Record<string, string> = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...more }).end(JSON.stringify(document));
  if (url === '/login') {
    if (fault === 'first-login-503' && asked.filter((call) => call === 'POST /login').length === 1)
      return say(503, {});
    const form = headers['content-type'] === 'application/x-www-form-urlencoded';
    const given = form ? new URLSearchParams(body).get('password') : JSON.parse(body).password;
    if (given !== password) return say(401, { given });
    const cookie = { 'set-cookie': `session=${session}; Path=/; HttpOnly` };
    if (fault === 'no-token') return say(200, { access_token: token }, cookie);
    return say(200, { token, account: { name: 'smoke' } }, { ...cookie, location: `/orders/${order}` });
  }
  const known = headers.authorization === `Bearer ${token}` && headers.cookie === `session=${session}`;
  if (!known) return say(401, { error: 'who are you?' });
  if (url === `/orders/${encodeURIComponent(order)}`) {
    return fault === 'order-500'
      ? say(500, { error: `no stock for ${order}`, you: headers.authorization })
      : say(200, { id: order, of: 'smoke' });
  }
  if (url === '/logout') return response.writeHead(204).end();
  return say(404, {});
});

beforeAll(async () => {
  shop = `http://127.0.0.1:${await listening(server)}`;
});
beforeEach(() => {
  asked = [];
  fault = 'none';
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const bearer = { authorization: 'Bearer ${token}' };
const logIn = {
  name: 'log in',
  method: 'POST',
  path: '/login',
  'request-body': { user: 'smoke', password: '${password}' },
  json: { '$.account.name': 'smoke' },
  capture: {
    token: '$.token',
    order: { header: 'location', pattern: '/orders/(.*)' },
    name: { json: '$.account.name' },
  },
};
const order1 = {
  path: '/orders/${order}',
  'request-headers': bearer,
  json: { '$.id': '${order}', '$.of': '${name}' },
};
const logOut = { name: 'log out', method: 'POST', path: '/logout', 'request-headers': bearer, status: [204] };
const journey = {
  service: 'shop',
  variables: { password: { env: 'SMOKE_PASSWORD' } },
  steps: [logIn, order1, logOut],
};

function walk(
  changed: object = {},
  section: object = {},
  env: Record<string, string> = { SMOKE_PASSWORD: password },
) {
  const local = { shop: `${shop}/health` };
  const services = { shop: { endpoints: [{ path: '/', status: [401] }] } };
  return smoke({ local, services, journeys: { buy: { ...journey, ...changed } }, ...section }, {}, env);
}

async function journeyOf(result: string | undefined) {
  const { smoke: reports } = JSON.parse(await readFile(result ?? '', 'utf8'));
  return (reports as { kind: string }[]).find(({ kind }) => kind === 'journey');
}

test('log in, call with what that brought, log out; and nothing secret is seen', async () => {
  const step = await walk();
  expect(step.outputs, step.output).toMatchObject({
    'exit-code': '0',
    passed: '2',
    failed: '0',
    skipped: '0',
  });
  expect(asked.slice(-3)).toEqual(['POST /login', 'GET /orders/a%20b%2Fc%3Fd', 'POST /logout']);
  expect(step.output).toContain('buy: Journey buy: all 3 steps answered as expected.');
  expect(await journeyOf(step.outputs['result'])).toMatchObject({
    subject: 'buy',
    outcome: 'passed',
    route: 'direct',
    facts: {
      'step 1 of 3 (log in: POST /login)': expect.stringMatching(/^200, \d+ ms$/),
      'step 2 of 3 (GET /orders/${order})': expect.stringMatching(/^200, /),
    },
  });
  const shown = await everythingShown(step);
  for (const secret of [token, session, password]) expect(shown).not.toContain(secret);
});

test('a form takes the same value, encoded', async () => {
  const form = {
    ...logIn,
    'request-headers': { 'content-type': 'application/x-www-form-urlencoded' },
    'request-body': 'user=smoke&password=${password}',
  };
  const step = await walk({ steps: [form] });
  expect(step.outputs, step.output).toMatchObject({ 'exit-code': '0', passed: '2' });
});

test('the step that fails is named, with its answer, the token in it masked', async () => {
  fault = 'order-500';
  const step = await walk();
  expect(step.outputs, step.output).toMatchObject({
    'exit-code': '4',
    reason: 'status-unexpected',
    passed: '1',
    failed: '1',
  });
  const message = 'Journey buy, step 2 of 3 (GET /orders/${order}), answered 500 instead of 200 to 399.';
  expect(step.output).toContain(message);
  expect(step.output).toContain('It said: {"error":"no stock for ***","you":"Bearer ***"}');
  // It goes no further.
  expect(asked.at(-1)).toMatch(/^GET \/orders/);
  const shown = await everythingShown(step);
  for (const secret of [token, session, password, order]) expect(shown).not.toContain(secret);
});

test('a wrong password fails at the first step, whose answer is not shown', async () => {
  const wrong = 'Wrong"Horse&Battery';
  const step = await walk({}, {}, { SMOKE_PASSWORD: wrong });
  expect(step.outputs, step.output).toMatchObject({
    'exit-code': '4',
    reason: 'status-unexpected',
    failed: '1',
  });
  expect(step.output).toMatch(/step 1 of 3 \(log in: POST \/login\), answered 401/);
  expect(step.output).not.toContain('given');
  expect(await everythingShown(step)).not.toContain(wrong);
});

test('a token that is not where it should be', async () => {
  fault = 'no-token';
  const { json: _, ...plain } = logIn;
  const step = await walk({ steps: [plain, order1] });
  expect(step.outputs, step.output).toMatchObject({
    'exit-code': '4',
    reason: 'body-unexpected',
    failed: '1',
  });
  expect(step.output).toContain('answered without the $.token that later steps need as token');
  // It was never captured, so nothing masks it: its answer must not be shown at all.
  expect(await everythingShown(step)).not.toContain(token);
});

test('a second try begins at the first step, and is shown', async () => {
  fault = 'first-login-503';
  const step = await walk({}, { retries: 1 });
  expect(step.outputs, step.output).toMatchObject({ passed: '2', 'exit-code': '0' });
  expect(step.output).toMatch(/all 3 steps answered as expected\..*, attempt 2/);
});

test('without its variable it is not decided, and says how to set it', async () => {
  const step = await walk({}, {}, {});
  expect(step.outputs, step.output).toMatchObject({
    'exit-code': '0',
    passed: '1',
    failed: '0',
    skipped: '1',
  });
  expect(step.summary).toContain('nothing is set for password');
  expect(asked).not.toContain('POST /login');
});

test('it goes with the service it calls: by name, and as what fails because of it', async () => {
  const section = {
    local: { shop, other: shop },
    services: { shop: { endpoints: [{ path: '/', status: [200] }] } },
  };
  const step = await smoke(
    { ...section, journeys: { buy: journey } },
    { service: 'shop' },
    { SMOKE_PASSWORD: 'no such one' },
  );
  expect(step.outputs, step.output).toMatchObject({ 'exit-code': '4', failed: '2', passed: '0' });
  // One root, one annotation.
  expect(step.annotations.filter((line) => line.startsWith('::error'))).toHaveLength(1);
  expect(step.output).toContain('Because of it buy failed too.');
});

test.each<[string, object, RegExp]>([
  [
    'an unknown placeholder',
    { steps: [order1, logIn] },
    /orion\.yaml:\d+: .*steps\.0 uses \$\{order\}, which is neither/,
  ],
  [
    'an unknown field',
    { steps: [{ ...logIn, capture: undefined, captures: {} }] },
    /captures is unknown; did you mean capture\?/,
  ],
  ['no steps', { steps: [] }, /steps/],
  ['a JSON path that is none', { steps: [{ ...logIn, capture: { token: 'token' } }] }, /capture/],
])('%s is a mistake in orion.yaml', async (_, changed, message) => {
  const step = await walk(changed);
  expect(step.outputs).toMatchObject({ 'exit-code': '1', reason: 'bad-config' });
  expect(step.output).toMatch(message);
  expect(asked).toEqual([]);
});

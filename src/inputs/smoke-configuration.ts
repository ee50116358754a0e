/** The section `smoke:` of `orion.yaml`. */
import { z } from 'zod';
import type { SmokeConfiguration } from '../domain/smoke/configuration.ts';
import { parseExpression } from '../domain/status/expressions.ts';
import { parseDuration } from './duration.ts';

const label = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits, dots and dashes');

const duration = z
  .string()
  .refine((text) => (parseDuration(text) ?? 0) > 0, 'must be a duration like 300ms, 5s or 1m');

const pattern = z.string().refine(isRegularExpression, 'must be a regular expression');
const textOrPattern = z
  .string()
  .refine(
    (text) => !/^\/.*\/$/s.test(text) || isRegularExpression(text.slice(1, -1)),
    'must be a text, or a regular expression between slashes',
  );

const path = z.string().startsWith('/', 'must begin with a slash');
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const jsonPath = z
  .string()
  .refine(
    (text) => 'kind' in parseExpression(`{${text}}`),
    'must be a JSON path like $.status or .items[0].name',
  );

const endpoint = z
  .strictObject({
    path: path.describe('Path with its query.'),
    method: z
      .string()
      .regex(/^[A-Z]+$/, 'must be an HTTP method like GET')
      .optional()
      .describe('HTTP method; `GET` by default.'),
    port: z
      .union([z.string(), z.int().min(1).max(65_535)])
      .optional()
      .describe(
        'Name or number of the container port; by default the one that the probes ask, else the first.',
      ),
    'request-headers': z.record(z.string(), z.string()).optional().describe('Headers to send.'),
    status: z
      .array(
        z.union([
          z.int().min(100).max(599),
          z.string().regex(/^[1-5]xx$/, 'must be a status or a class like 2xx'),
        ]),
      )
      .min(1)
      .optional()
      .describe('Statuses or classes (`2xx`) that are well; by default 200 to 399.'),
    headers: z
      .record(z.string(), textOrPattern)
      .optional()
      .describe('Headers of the answer: exact, or `/a regular expression/`.'),
    json: z
      .record(jsonPath, scalar)
      .optional()
      .describe('JSON paths of the body and the values they must lead to.'),
    body: pattern.optional().describe('Regular expression that the body must match.'),
    'tls-days': z.int().min(0).optional().describe('Days that the TLS certificate must still be valid.'),
  })
  .describe('An endpoint of each pod of the service, and what it must answer.');

const service = z
  .strictObject({
    'max-latency': duration
      .optional()
      .describe('Longest time that 95 of 100 requests to it may take, in place of the input.'),
    'depends-on': z.array(label).optional().describe('Names of services and databases that it needs.'),
    endpoints: z
      .array(endpoint)
      .optional()
      .describe('Endpoints beside those of its probes, or in their place (same path).'),
  })
  .describe('A workload, by its name.');

const database = z
  .union([
    z.strictObject({ url: z.string() }),
    z.strictObject({ env: z.string() }),
    z.strictObject({ secret: z.string(), key: z.string() }),
  ])
  .describe('A database: its URL, or the variable of the job or the Secret and key that hold it.');

export const smokeSchema = z.strictObject({
  deadline: duration.optional().describe('Longest time of one try; `5s` by default.'),
  retries: z
    .int()
    .min(0)
    .max(20)
    .optional()
    .describe('Further tries of a test that failed; 2 by default. Each is shown.'),
  parallel: z.int().min(1).max(256).optional().describe('Tests that run at the same time; 16 by default.'),
  local: z
    .record(
      label,
      z.url({
        protocol: /^(https?|postgres|postgresql|rediss?)$/,
        error: 'must be an http, postgres or redis URL',
      }),
    )
    .optional()
    .describe('What `environment: local` tests: a URL for each service and database.'),
  databases: z
    .record(label, database)
    .optional()
    .describe('Databases that the settings of the workloads do not say.'),
  services: z.record(label, service).optional().describe('What is expected of single services.'),
});

/** The section as the tests use it, with its defaults. */
export function smokeConfiguration(section: z.output<typeof smokeSchema> = {}): SmokeConfiguration {
  return {
    deadline: parseDuration(section.deadline ?? '5s') ?? 0,
    retries: section.retries ?? 2,
    parallel: section.parallel ?? 16,
    local: section.local ?? {},
    databases: mapValues(section.databases ?? {}, (source) =>
      'url' in source ? { literal: source.url } : source,
    ),
    services: mapValues(section.services ?? {}, (one) => ({
      dependsOn: one['depends-on'] ?? [],
      endpoints: (one.endpoints ?? []).map(endpointOf),
      ...(one['max-latency'] === undefined ? {} : { maxLatency: parseDuration(one['max-latency']) ?? 0 }),
    })),
  };
}

function endpointOf(
  one: z.output<typeof endpoint>,
): SmokeConfiguration['services'][string]['endpoints'][number] {
  const { status, headers, json, body, 'tls-days': tlsDays } = one;
  return {
    path: one.path,
    method: one.method ?? 'GET',
    ...(one.port === undefined ? {} : { port: one.port }),
    requestHeaders: one['request-headers'] ?? {},
    expect: {
      ...(status === undefined ? {} : { status }),
      ...(headers === undefined ? {} : { headers }),
      ...(json === undefined ? {} : { json }),
      ...(body === undefined ? {} : { body }),
      ...(tlsDays === undefined ? {} : { tlsDays }),
    },
  };
}

function mapValues<Value, Result>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value) => Result,
): Readonly<Record<string, Result>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

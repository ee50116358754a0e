/** One HTTP call in `orion.yaml` and its expected response: endpoints of services, and steps of journeys. */
import { z } from 'zod';
import type { ConfiguredEndpoint } from '../domain/smoke/configuration.ts';
import { parseExpression } from '../domain/status/generic/expressions.ts';
import { parseDuration } from './duration.ts';

export const label = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits, dots and dashes');

export const duration = z
  .string()
  .refine((text) => (parseDuration(text) ?? 0) > 0, 'must be a duration like 300ms, 5s or 1m');

export const pattern = z.string().refine(isRegularExpression, 'must be a regular expression');
const textOrPattern = z
  .string()
  .refine(
    (text) => !/^\/.*\/$/s.test(text) || isRegularExpression(text.slice(1, -1)),
    'must be a text, or a regular expression between slashes',
  );

const path = z.string().startsWith('/', 'must begin with a slash');
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
export const jsonPath = z
  .string()
  .refine(
    (text) => 'kind' in parseExpression(`{${text}}`),
    'must be a JSON path like $.status or .items[0].name',
  );

export const endpoint = z
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
      .describe('Name or number of the container port; by default the port of the probes, else the first.'),
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
      .describe('Statuses or classes (`2xx`) that pass; by default 200 to 399.'),
    headers: z
      .record(z.string(), textOrPattern)
      .optional()
      .describe('Response headers: exact, or `/a regular expression/`.'),
    json: z.record(jsonPath, scalar).optional().describe('JSON paths in the body and their expected values.'),
    body: pattern.optional().describe('Regular expression that the body must match.'),
    'tls-days': z.int().min(0).optional().describe('Days that the TLS certificate must still be valid.'),
  })
  .describe('An endpoint of each pod of the service, and its expected response.');

/** As the tests use it, with its defaults. */
export function endpointOf(one: z.output<typeof endpoint>): ConfiguredEndpoint {
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

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

/** The section `smoke:` of `orion.yaml`. */
import { z } from 'zod';
import type {
  AuthoritySource,
  ConfiguredDatabase,
  SmokeConfiguration,
  ValueSource,
} from '../domain/smoke/configuration.ts';
import { documentedSchemes, usualSchemes } from '../domain/smoke/databases/databases.ts';
import { mapValues } from '../domain/smoke/map-values.ts';
import { databaseKinds } from '../domain/smoke/report.ts';
import { parseDuration } from './duration.ts';
import { duration, endpoint, endpointOf, label } from './smoke-endpoint.ts';
import { journey, journeyOf } from './smoke-journey.ts';

const service = z
  .strictObject({
    'max-latency': duration
      .optional()
      .describe('Longest time that 95 of 100 requests to it may take, instead of the input.'),
    'depends-on': z.array(label).optional().describe('Names of services and databases that it needs.'),
    endpoints: z
      .array(endpoint)
      .optional()
      .describe('Endpoints in addition to those of its probes, or instead of one with the same path.'),
  })
  .describe('A workload, by its name.');

const authority = z
  .union([
    z.string(),
    z.strictObject({ secret: z.string(), key: z.string() }),
    z.strictObject({ 'config-map': z.string(), key: z.string() }),
  ])
  .describe(
    'Certificate authorities (PEM) to trust in addition to the default ones: the path of a file in the repository, or the key of a Secret or ConfigMap in the namespace.',
  );

const database = z
  .strictObject({
    url: z.string().optional().describe('Its URL; a URL with a password does not belong in this file.'),
    env: z
      .string()
      .optional()
      .describe('The environment variable of the job that contains its URL, instead of `url`.'),
    secret: z.string().optional().describe('The Secret that contains its URL, instead of `url`.'),
    key: z.string().optional().describe('The key of that Secret.'),
    skip: z.boolean().optional().describe('Do not test it.'),
    from: z
      .enum(['runner', 'cluster'])
      .optional()
      .describe(
        'From where it is tested; by default from inside the cluster if that works, else from the runner. With `runner`, an address that is unreachable from there is a failure.',
      ),
    ca: authority.optional(),
  })
  .check(({ value, issues }) => {
    const fail = (message: string) => issues.push({ code: 'custom', input: value, path: [], message });
    const sources = [value.url, value.env, value.secret].filter((one) => one !== undefined);
    if (sources.length > 1) fail('must have one of url, env and secret');
    if ((value.secret === undefined) !== (value.key === undefined)) fail('must have secret and key together');
  })
  .describe(
    'A database by the name of its Service, the first part of its host, or for a sidecar ' +
      `${spoken(
        databaseKinds.map((kind) => `\`WORKLOAD-${kind}\``),
        'and',
      )}.`,
  );

export const smokeSchema = z.strictObject({
  deadline: duration.optional().describe('Longest time of one attempt; `5s` by default.'),
  retries: z
    .int()
    .min(0)
    .max(20)
    .optional()
    .describe('Retries of a failed test; 2 by default. Each is shown.'),
  parallel: z
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe('Number of tests that run in parallel; 16 by default.'),
  local: z
    .record(
      label,
      z.url({
        protocol: new RegExp(`^(https?|${documentedSchemes.join('|')})$`),
        error: `must be an ${spoken(['http', ...usualSchemes], 'or')} URL`,
      }),
    )
    .optional()
    .describe('What `environment: local` tests: a URL for each service and database.'),
  databases: z
    .record(label, database)
    .optional()
    .describe('Databases that are not in the settings of the workloads, and options for those that are.'),
  ca: authority.optional(),
  services: z.record(label, service).optional().describe('Expectations of individual services.'),
  journeys: z
    .record(label, journey)
    .optional()
    .describe('Sequences of requests as users make them; each journey is one test.'),
});

/** `a, b or c`. */
function spoken(words: readonly string[], last: string): string {
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}

/** The section `smoke` of `orion.yaml`, as written. */
export type SmokeSection = z.output<typeof smokeSchema>;

/** The section as the tests use it, with its defaults. */
export function smokeConfiguration(section: SmokeSection = {}): SmokeConfiguration {
  return {
    deadline: parseDuration(section.deadline ?? '5s') ?? 0,
    retries: section.retries ?? 2,
    parallel: section.parallel ?? 16,
    local: section.local ?? {},
    databases: mapValues(section.databases ?? {}, databaseOf),
    ...(section.ca === undefined ? {} : { ca: authorityOf(section.ca) }),
    services: mapValues(section.services ?? {}, (one) => ({
      dependsOn: one['depends-on'] ?? [],
      endpoints: (one.endpoints ?? []).map(endpointOf),
      ...(one['max-latency'] === undefined ? {} : { maxLatency: parseDuration(one['max-latency']) ?? 0 }),
    })),
    journeys: mapValues(section.journeys ?? {}, journeyOf),
  };
}

function databaseOf(one: z.output<typeof database>): ConfiguredDatabase {
  const { skip, from, ca } = one;
  const url = urlOf(one);
  return {
    ...(url === undefined ? {} : { url }),
    ...(skip === true ? { skip } : {}),
    ...(from === undefined ? {} : { from }),
    ...(ca === undefined ? {} : { ca: authorityOf(ca) }),
  };
}

function urlOf({ url, env, secret, key }: z.output<typeof database>): ValueSource | undefined {
  if (url !== undefined) return { literal: url };
  if (env !== undefined) return { env };
  return secret === undefined || key === undefined ? undefined : { secret, key };
}

/** Files have already been read, see `readConfiguration`. */
function authorityOf(one: z.output<typeof authority>): AuthoritySource {
  if (typeof one === 'string') return { pem: one };
  return 'secret' in one ? one : { configMap: one['config-map'], key: one.key };
}

/**
 * Parses the findings from the log of the probe in the cluster: untrusted text until validated by these schemas.
 * Pure.
 */
import { z } from 'zod';
import type { SchemaParts } from '../../domain/smoke/databases/protocol.ts';
import { type DatabaseFindings, protocols } from '../../domain/smoke/databases/protocols.ts';
import { connectionFaultKinds } from '../../domain/smoke/http/connection.ts';
import { type DatabaseKind, databaseKinds } from '../../domain/smoke/report.ts';
import {
  type Findings,
  type ProbeFinding,
  type ProbeRequest,
  probeProtocol,
  secretsOf,
} from '../../domain/smoke/tests/probe.ts';

const text = (most: number) => z.string().max(most);
const milliseconds = z.number().nonnegative();
const count = z.number().nonnegative();
const fault = z.object({ kind: z.enum(connectionFaultKinds), message: text(2000) });
const tls = z.object({
  subject: text(2000),
  issuer: text(2000),
  validFrom: z.number(),
  validTo: z.number(),
  authorized: z.boolean(),
  error: text(500).exactOptional(),
});
const parts: SchemaParts = {
  // Named imports only, so that the bundle contains nothing else.
  z: {
    object: z.object,
    union: z.union,
    enum: z.enum,
    literal: z.literal,
    boolean: z.boolean,
    number: z.number,
    int: z.int,
  },
  text,
  count,
  milliseconds,
  serverSaid: text(4000),
  fault,
  tls,
};

const findings: { readonly [What in keyof Findings]: z.ZodType<Findings[What]> } = {
  ...databaseSchemas(),
  http: z.object({
    status: z.int().min(0).max(999).exactOptional(),
    headers: z.record(text(1000), z.array(text(65_536))),
    body: text(65_536),
    truncated: z.boolean().exactOptional(),
    milliseconds,
    tls: tls.exactOptional(),
    error: fault.exactOptional(),
  }),
  latency: z
    .array(z.object({ milliseconds, ok: z.boolean(), got: text(60).exactOptional(), lag: milliseconds }))
    .max(10_000),
};

function databaseSchemas(): { readonly [Kind in DatabaseKind]: z.ZodType<DatabaseFindings[Kind]> } {
  const schemas = databaseKinds.map((kind) => [kind, protocols[kind].schema(parts)]);
  return Object.fromEntries(schemas);
}

const line = z.union([
  z.object({ place: z.int().nonnegative(), what: z.string(), finding: z.unknown() }),
  z.object({ over: z.int() }),
  z.object({ protocol: z.int() }),
]);

/** One finding per request, in order; or why there are none, as the end of a sentence. */
type ProbeLog = { readonly findings: readonly ProbeFinding[] } | { readonly unreadable: string };

/** Reads the lines that begin with the token; other lines are ignored. */
export function readProbeLog(
  log: readonly string[],
  token: string,
  requests: readonly ProbeRequest[],
): ProbeLog {
  const said = log.filter((one) => one.startsWith(`${token} `)).map((one) => parsed(one.slice(token.length)));
  const other = said.find((one) => one !== undefined && 'protocol' in one);
  if (other !== undefined && 'protocol' in other) {
    return { unreadable: `its image speaks version ${other.protocol} of the probe, not ${probeProtocol}` };
  }
  if (!said.some((one) => one !== undefined && 'over' in one)) {
    return { unreadable: 'its log is not that of a probe' };
  }
  const byPlace = new Map(
    said.flatMap((one) => (one !== undefined && 'place' in one ? [[one.place, one] as const] : [])),
  );
  const found = requests.map((request, place) => findingOf(request, byPlace.get(place)));
  const whole = found.filter((one) => one !== undefined);
  if (whole.length === requests.length) return { findings: whole };
  const missing = requests.find((_, place) => found[place] === undefined);
  return { unreadable: `its log lacks the finding of a ${missing?.what} request` };
}

function parsed(content: string): z.output<typeof line> | undefined {
  try {
    return line.safeParse(JSON.parse(content)).data;
  } catch {
    return undefined;
  }
}

function findingOf(
  request: ProbeRequest,
  said: { readonly what: string; readonly finding?: unknown } | undefined,
): ProbeFinding | undefined {
  const { what } = request;
  if (said?.what !== what) return undefined;
  const hidden = secretsOf(request);
  const value = hidden.length === 0 ? said.finding : withoutSecrets(said.finding, hidden);
  const { data } = findings[what].safeParse(value);
  return data === undefined ? undefined : ({ what, finding: data } as ProbeFinding);
}

/** The probe has already done this, but an untrusted image may not have. */
function withoutSecrets(finding: unknown, secrets: readonly string[]): unknown {
  const clean = (one: string): string =>
    secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), one);
  return JSON.parse(
    JSON.stringify(finding ?? null, (_, value) => (typeof value === 'string' ? clean(value) : value)),
  );
}

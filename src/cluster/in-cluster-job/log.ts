/** What the probe in the cluster said, read out of its log: foreign text until it has passed these schemas. Pure. */
import { z } from 'zod';
import { connectionFaultKinds } from '../../domain/smoke/http/connection.ts';
import {
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
const serverSaid = text(4000);

const findings = {
  http: z.object({
    status: z.int().min(0).max(999).exactOptional(),
    headers: z.record(text(1000), z.array(text(65_536))),
    body: text(65_536),
    truncated: z.boolean().exactOptional(),
    milliseconds,
    tls: tls.exactOptional(),
    error: fault.exactOptional(),
  }),
  postgres: z.object({
    milliseconds,
    connectionFault: fault.exactOptional(),
    serverError: z.object({ code: text(20), message: serverSaid }).exactOptional(),
    withoutTls: z.boolean().exactOptional(),
    tls: tls.exactOptional(),
    version: text(500).exactOptional(),
    inRecovery: z.boolean().exactOptional(),
    readOnly: z.boolean().exactOptional(),
    readOnlyRole: z.boolean().exactOptional(),
    connections: z.object({ used: count, limit: z.number(), left: count }).exactOptional(),
  }),
  redis: z.object({
    milliseconds,
    connectionFault: fault.exactOptional(),
    serverError: z.object({ step: z.enum(['AUTH', 'SELECT', 'PING']), message: serverSaid }).exactOptional(),
    write: z.union([z.literal('accepted'), z.object({ error: serverSaid })]).exactOptional(),
    version: text(500).exactOptional(),
    role: text(100).exactOptional(),
    memory: z.object({ used: z.number(), max: z.number(), policy: text(100) }).exactOptional(),
    clients: z.object({ connected: count, max: count.exactOptional() }).exactOptional(),
  }),
  latency: z
    .array(z.object({ milliseconds, ok: z.boolean(), got: text(60).exactOptional(), lag: milliseconds }))
    .max(10_000),
} as const;

const line = z.union([
  z.object({ place: z.int().nonnegative(), what: z.string(), finding: z.unknown() }),
  z.object({ over: z.int() }),
  z.object({ protocol: z.int() }),
]);

/** One finding per request, in their order; or why there are none, as the end of a sentence. */
export type ProbeLog = { readonly findings: readonly ProbeFinding[] } | { readonly unreadable: string };

/** Reads the lines that begin with the token; whatever else stands in the log is not ours. */
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

/** The probe has done this; an image that is not ours may not have. */
function withoutSecrets(finding: unknown, secrets: readonly string[]): unknown {
  const clean = (one: string): string =>
    secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), one);
  return JSON.parse(
    JSON.stringify(finding ?? null, (_, value) => (typeof value === 'string' ? clean(value) : value)),
  );
}

/**
 * The probe in the cluster: carries out the requests and writes the findings as lines to a log that other processes
 * write to as well.
 */

import type { DatabaseFindings } from '../domain/smoke/databases/protocols.ts';
import { failureIn } from '../domain/smoke/latency/latency-failures.ts';
import { type DatabaseKind, isDatabaseKind } from '../domain/smoke/report.ts';
import {
  type DatabaseRequest,
  measuredAtOnce,
  type ProbeFinding,
  type ProbeOrder,
  type ProbeRequest,
  probedAtOnce,
  probeProtocol,
  secretsOf,
} from '../domain/smoke/tests/probe.ts';
import { databaseProbes } from './databases.ts';
import { callHttp } from './http.ts';
import { measureHttp } from './measure.ts';

/** Bytes of all lines together: below the 10 MiB at which kubelets rotate a log by default (`containerLogMaxSize`). */
const wholeLimit = 6 * 2 ** 20;
const maxLine = 512 * 1024;

/**
 * Single calls first, then the measurements, which must not be disturbed. One line per request, as soon as its
 * finding is known; a last line marks the end. No line contains a password.
 */
export async function fulfilOrder(
  order: ProbeOrder,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { token, requests } = order;
  const say = (content: object) => print(`${token} ${JSON.stringify(content)}`);
  if (order.protocol !== probeProtocol) return say({ protocol: probeProtocol });
  const limit = Math.min(maxLine, Math.floor(wholeLimit / Math.max(1, requests.length)));
  const answer = async ([place, request]: readonly [number, ProbeRequest]) => {
    const found = await findingOf(request, signal);
    // The reader of the log notices the missing finding and reports its kind.
    if (found !== undefined) say({ place, ...fitting(masked(found, secretsOf(request)), limit) });
  };
  const entries = [...requests.entries()];
  await eachOf(
    entries.filter(([, { what }]) => what !== 'latency'),
    probedAtOnce,
    answer,
  );
  await eachOf(
    entries.filter(([, { what }]) => what === 'latency'),
    measuredAtOnce,
    answer,
  );
  say({ over: requests.length });
}

/** Undefined for a database protocol that is newer than this image. */
async function findingOf(request: ProbeRequest, signal: AbortSignal): Promise<ProbeFinding | undefined> {
  const { what } = request;
  switch (what) {
    case 'http':
      return { what, finding: await callHttp(request.call, { deadline: request.deadline, signal }) };
    case 'latency': {
      const { call, schedule, expect } = request;
      const options = { failureIn: (one: Answer) => failureIn(one, expect, Date.now()), signal };
      const { samples } = await measureHttp(call, schedule, options);
      return { what, finding: samples.map((one) => ({ ...one, ...rounded(one) })) };
    }
    default:
      if (!isDatabaseKind(what)) return undefined;
      return { what, finding: await askDatabase(request, signal) } as ProbeFinding;
  }
}

function askDatabase<Kind extends DatabaseKind>(
  { what, target, deadline }: DatabaseRequest<Kind>,
  signal: AbortSignal,
): Promise<DatabaseFindings[Kind]> {
  return databaseProbes[what](target, { deadline, signal });
}

type Answer = Awaited<ReturnType<typeof callHttp>>;

/** Rounded to microseconds, which keeps a hundred samples short. */
function rounded({ milliseconds, lag }: { readonly milliseconds: number; readonly lag: number }) {
  const short = (time: number): number => Math.round(time * 1000) / 1000;
  return { milliseconds: short(milliseconds), lag: short(lag) };
}

/** Removes these secrets, which a server may echo, from all texts. */
function masked(finding: ProbeFinding, secrets: readonly string[]): ProbeFinding {
  if (secrets.length === 0) return finding;
  const clean = (text: string): string =>
    secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
  const text = JSON.stringify(finding, (_, value) => (typeof value === 'string' ? clean(value) : value));
  return JSON.parse(text) as ProbeFinding;
}

/** Truncates the body to what fits in the line. */
function fitting(found: ProbeFinding, limit: number): ProbeFinding {
  let kept = found;
  while (kept.what === 'http' && kept.finding.body !== '' && sizeOf(kept) > limit) {
    const { body } = kept.finding;
    const half = body.slice(0, Math.floor(body.length / 2));
    kept = { what: 'http', finding: { ...kept.finding, body: half, truncated: true } };
  }
  return kept;
}

function sizeOf(found: ProbeFinding): number {
  return Buffer.byteLength(JSON.stringify(found));
}

async function eachOf<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}

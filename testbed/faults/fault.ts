/** Faults as plain JSON, so that a scenario file can hold them, and which requests they hit. */
import { z } from 'zod';

const regularExpression = z.string().refine((text) => {
  try {
    return new RegExp(text) !== undefined;
  } catch {
    return false;
  }
}, 'is no regular expression');

/** Which requests a fault hits. Without `verb`, `path` and `token` a connection fault hits connections instead, at once. */
const selection = {
  /** Of the whole verb: `watch`, or the HTTP method in lower case (`get` is a list as well). */
  verb: regularExpression.optional(),
  /** Anywhere in the path with its query. */
  path: regularExpression.optional(),
  /** Requests with this bearer token. */
  token: z.string().optional(),
  /** `request`: the API server never sees it. `answer`: it has done it, and its answer is lost. */
  at: z.enum(['request', 'answer']).default('request'),
  /** How many matching requests pass first. */
  skip: z.int().nonnegative().default(0),
  /** How many it hits, of those it could; all without it. */
  times: z.int().positive().optional(),
  probability: z.number().min(0).max(1).default(1),
  /** Of the probability; the same seed hits the same requests of one order. */
  seed: z.int().default(1),
  /** After so many seconds it is over; without it, it lasts until `heal`. */
  seconds: z.number().positive().optional(),
};

export const faultSchema = z.discriminatedUnion('type', [
  /** Connections end by RST. */
  z.strictObject({ type: z.literal('reset'), ...selection }),
  /** Nothing is forwarded any more, in either direction, without an error. New connections work. */
  z.strictObject({ type: z.literal('stall'), ...selection }),
  /** Both directions at this speed, also of new connections. */
  z.strictObject({ type: z.literal('slow'), bytesPerSecond: z.number().positive(), ...selection }),
  /** Old connections stall; new ones are accepted and hear nothing (`drop`), or are refused. All go on when it is over. */
  z.strictObject({
    type: z.literal('partition'),
    new: z.enum(['drop', 'refuse']).default('drop'),
    seconds: selection.seconds,
  }),
  /** An answer of a server or load balancer under stress. */
  z.strictObject({
    type: z.literal('status'),
    status: z.int().min(400).max(599),
    /** Seconds, in the header Retry-After. */
    retryAfter: z.int().nonnegative().optional(),
    ...selection,
  }),
  /** Watches that run get an ERROR event 410 and end, and so do those that are opened while it lasts. */
  z.strictObject({ type: z.literal('gone'), ...selection }),
  /** Watches that run end as if the server's time were over. */
  z.strictObject({ type: z.literal('end'), ...selection }),
]);

/** A fault as written down; `faultSchema` fills in the defaults. */
export type FaultInput = z.input<typeof faultSchema>;
export type Fault = z.output<typeof faultSchema>;
export type RequestFault = Exclude<Fault, { type: 'partition' }>;

export interface RequestFacts {
  /** `watch`, or the HTTP method in lower case. */
  readonly verb: string;
  /** Path with query. */
  readonly path: string;
  /** Bearer token, empty without one. */
  readonly token: string;
}

/** True if the fault waits for requests; otherwise it acts on connections or running watches when it is injected. */
export function waitsForRequests(fault: RequestFault): boolean {
  const { verb, path, token } = fault;
  return fault.type === 'status' || [verb, path, token].some((part) => part !== undefined);
}

export function matches(fault: RequestFault, request: RequestFacts): boolean {
  return (
    (fault.verb === undefined || new RegExp(`^(?:${fault.verb})$`).test(request.verb)) &&
    (fault.path === undefined || new RegExp(fault.path).test(request.path)) &&
    (fault.token === undefined || fault.token === request.token)
  );
}

/** Decides for one fault, request after request, and counts. */
export function countingSelection(fault: RequestFault): (request: RequestFacts) => boolean {
  const random = seededRandom(fault.seed);
  let toSkip = fault.skip;
  let left = fault.times ?? Number.POSITIVE_INFINITY;
  return (request) => {
    if (left <= 0 || !matches(fault, request)) return false;
    if (toSkip > 0) {
      toSkip -= 1;
      return false;
    }
    if (random() >= fault.probability) return false;
    left -= 1;
    return true;
  };
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a scenario's folder says: the truth, where its evidence is written, and what happens on the way. */
import { z } from 'zod';

const seconds = z.string().regex(/^\d+(\.\d+)?(ms|s|m)$/);

/** A write to the API server, found by what it left behind or by how it was refused. */
export const writePattern = z.strictObject({
  /** Plural name. */
  resource: z.string(),
  apiVersion: z.string().optional(),
  subresource: z.string().optional(),
  verb: z.string().optional(),
  /** Regular expression. */
  name: z.string().optional(),
  /** JSONPath over the object as the write left it. */
  where: z.string().optional(),
  /** The n-th match of one object, each with another matched value. */
  count: z.number().int().min(1).optional(),
  /** The write with which the n-th object matches: pods that take turns end once each. */
  objects: z.number().int().min(1).optional(),
  /** HTTP status of a refusal, and a regular expression for its message. */
  code: z.number().int().optional(),
  message: z.string().optional(),
});
export type WritePattern = z.infer<typeof writePattern>;

const writePatterns = z
  .union([writePattern, z.array(writePattern).min(1)])
  .transform((one) => (Array.isArray(one) ? one : [one]));

const fault = z.record(z.string(), z.unknown());
const failure = z.strictObject({
  status: z.union([z.literal(401), z.literal(403), z.literal(404), z.literal(429), z.literal(503)]),
  times: z.number().int().optional(),
  retryAfter: z.number().optional(),
});

export const step = z.strictObject({
  after: seconds.optional(),
  when: writePattern.optional(),
  kubectl: z.array(z.string()).optional(),
  registry: z
    .strictObject({ repository: z.string(), fail: failure.optional(), heal: z.literal(true).optional() })
    .optional(),
  restart: z.enum(['apiserver', 'etcd']).optional(),
  fault: fault.optional(),
  node: z.strictObject({ lose: z.string().optional(), join: z.string().optional() }).optional(),
  kill: z.literal('tool').optional(),
  again: z.boolean().optional(),
  deploy: z.literal('before').optional(),
  wait: seconds.optional(),
});
export type Step = z.infer<typeof step>;

const common = {
  title: z.string(),
  why: z.string(),
  phase: z.enum(['preflight', 'apply', 'rollout', 'health', 'monitor', 'smoke']).optional(),
  exitCode: z.number().int().optional(),
  cause: z.array(z.string()).default([]),
  class: z.enum(['permanent', 'budgeted', 'sound']),
  budget: seconds.optional(),
  evidence: writePatterns.optional(),
  settledBy: writePatterns.optional(),
  inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  tools: z.record(z.string(), z.string()).default({}),
  setup: z.array(step).default([]),
  disturbance: z.array(step).default([]),
  node: z.enum(['real', 'hollow']).default('real'),
  /** At least so many hollow nodes. */
  hollowNodes: z.number().int().optional(),
  alone: z.boolean().default(false),
  horizon: z.literal('out').optional(),
  objectsRestored: z.boolean().default(true),
};

export const scenarioSchema = z
  .strictObject({ ...common, truth: z.enum(['sound', 'broken', 'refused', 'unchanged']) })
  .refine((scenario) => scenario.class !== 'budgeted' || scenario.budget !== undefined, {
    message: 'class budgeted needs a budget',
  });
/** The content of a scenario.yaml. */
export type Scenario = z.infer<typeof scenarioSchema>;
export type Truth = Scenario['truth'];

/** `300ms`, `5s`, `2m` in milliseconds. */
export function milliseconds(duration: string): number {
  const [, amount = '', unit = ''] = /^([\d.]+)(ms|s|m)$/.exec(duration) ?? [];
  return Number(amount) * ({ ms: 1, s: 1000, m: 60_000 }[unit] ?? Number.NaN);
}

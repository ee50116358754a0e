/**
 * What a release record has to look like. Whoever may write Secrets in the namespace can write one, so nothing of it is used before it
 * has passed these schemas. They name what the code relies on; more fields, of a later version, are no fault.
 */
import { z } from 'zod';
import { type ReleaseBody, type ReleaseHead, releaseStatuses } from '../../domain/release/record.ts';

/** No app has that many releases; what is above would leave no number for the next one. */
export const maxReleaseNumber = 1_000_000_000;

const text = z.string();
const json = z.record(z.string(), z.unknown());
const reference = z.looseObject({
  apiVersion: text,
  kind: text,
  name: text.min(1),
  namespace: text.optional(),
});
const namedObject = z.looseObject({
  apiVersion: text,
  kind: text,
  metadata: z.looseObject({ name: text.min(1), namespace: text.optional() }),
});
const ownership = z.array(
  z.looseObject({ manager: text.optional(), operation: text.optional(), fieldsV1: json.optional() }),
);

const stateBefore = z.looseObject({
  reference,
  presence: z.enum(['absent', 'present']),
  restore: json.optional(),
  fields: json.optional(),
  neighbours: json.optional(),
  brought: json.optional(),
  ownership: ownership.optional(),
  uid: text.optional(),
  scaledBy: z.array(text).optional(),
  remake: z.looseObject({ object: json, ownership }).optional(),
  absentAt: text.optional(),
  made: text.optional(),
});

const inventory = z.array(z.looseObject({ reference, uid: text.optional(), made: z.boolean().optional() }));

const handover = z.looseObject({
  targets: z.array(z.looseObject({ reference })),
  prunes: z.array(reference),
  oldErrors: z.array(
    z.looseObject({ workload: text, errors: z.number(), pods: z.number(), podMinutes: z.number() }),
  ),
  oldPods: z.array(text),
  databasesDown: z.array(text),
  notes: json.optional(),
});

const bodySchema = z.looseObject({
  rendered: z.array(namedObject),
  before: z.array(stateBefore),
  inventory,
  earlier: inventory.optional(),
  handover: handover.optional(),
});

const run = z.looseObject({
  holder: text,
  repository: text.optional(),
  runId: text.optional(),
  attempt: z.number().optional(),
  job: text.optional(),
  checkRunId: text.optional(),
  runUrl: text.optional(),
  actor: text.optional(),
  commit: text.optional(),
  server: text.optional(),
});

const headSchema = z.looseObject({
  version: z.literal(1),
  app: text.min(1),
  number: z.int().min(1).max(maxReleaseNumber),
  status: z.enum(releaseStatuses),
  overlay: text,
  run,
  phase: text,
  jobInSteps: z.boolean(),
  startedAt: text,
  finishedAt: text.optional(),
  planDigest: text,
  reason: text.optional(),
  message: text.optional(),
  takesOver: text.optional(),
  takenOverBy: text.optional(),
  returnsTo: text.optional(),
  undoneBy: run.optional(),
  createdNamespace: z.boolean().optional(),
  rollback: z.enum(['manual', 'automatic', 'never']).optional(),
  timings: z.array(z.looseObject({ phase: text })).optional(),
  latencies: z.array(z.looseObject({ id: text, requests: z.number() })).optional(),
  pruned: z.array(reference).optional(),
  trimmed: z.literal(true).optional(),
  body: z.looseObject({ chunks: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
});

/** Undefined where it is no head of this version. */
export function headOf(value: unknown): ReleaseHead | undefined {
  return headSchema.safeParse(value).success ? (value as ReleaseHead) : undefined;
}

/** Undefined where it is no body. */
export function bodyOf(value: unknown): ReleaseBody | undefined {
  return bodySchema.safeParse(value).success ? (value as ReleaseBody) : undefined;
}

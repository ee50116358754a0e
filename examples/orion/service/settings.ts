import { z } from 'zod';

const unitsInMilliseconds = { ms: 1, s: 1000, m: 60_000 } as const;

/** `300ms`, `1.5s`, `2m` in, milliseconds out. */
const duration = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m)$/, 'must be a duration such as 300ms, 5s or 2m')
  .transform((text) => {
    const unit = text.endsWith('ms') ? 'ms' : text.endsWith('s') ? 's' : 'm';
    return Number.parseFloat(text) * unitsInMilliseconds[unit];
  });

const count = z.coerce.number().int().min(0);
const httpStatus = z.coerce.number().int().min(200).max(599);

export const logLevel = z.enum(['debug', 'info', 'warn', 'error']);
export type LogLevel = z.output<typeof logLevel>;

export const logFormat = z.enum(['json', 'logfmt', 'klog', 'plain']);
export type LogFormat = z.output<typeof logFormat>;

const processSchema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  SERVICE_VERSION: z.string().default('development'),
  LOG_LEVEL: logLevel.default('info'),
  SHUTDOWN_DELAY: duration.prefault('500ms'),
  SHUTDOWN_LIMIT: duration.prefault('5s'),
});

/** How the service can be made to misbehave; every scenario is one overlay patch that sets some of these. */
export const misbehaviourSchema = z.strictObject({
  MISBEHAVE_EXIT_CODE: z.coerce.number().int().min(0).max(255).optional(),
  MISBEHAVE_EXIT_AFTER: duration.prefault('0s'),
  MISBEHAVE_FAIL_STARTS: count.default(0),
  MISBEHAVE_STATE_FOLDER: z.string().default('/tmp'),
  MISBEHAVE_START_DELAY: duration.prefault('0s'),
  MISBEHAVE_ERROR_RATE: z.coerce.number().min(0).max(1).default(0),
  MISBEHAVE_LATENCY: duration.prefault('0s'),
  MISBEHAVE_HEALTH_STATUS: httpStatus.optional(),
  MISBEHAVE_READY_STATUS: httpStatus.optional(),
  MISBEHAVE_STATUS_AFTER: duration.prefault('0s'),
  MISBEHAVE_LOG_LINES: count.default(0),
  MISBEHAVE_LOG_LEVEL: logLevel.default('error'),
  MISBEHAVE_LOG_FORMAT: logFormat.default('json'),
  MISBEHAVE_LOG_INTERVAL: duration.prefault('0s'),
  MISBEHAVE_LOG_STACK: z.stringbool().default(false),
  MISBEHAVE_MEMORY: count.default(0),
});
export type Misbehaviour = z.output<typeof misbehaviourSchema>;

const roleSchema = z.discriminatedUnion('SERVICE', [
  z.object({
    SERVICE: z.literal('auth'),
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
    TOKEN_KEY: z.string().min(1),
  }),
  z.object({ SERVICE: z.literal('user'), DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }) }),
  z.object({ SERVICE: z.literal('notification'), REDIS_URL: z.url({ protocol: /^redis$/ }) }),
  z.object({
    SERVICE: z.literal('gateway'),
    AUTH_URL: z.url(),
    NOTIFICATION_URL: z.url(),
    USER_URL: z.url(),
  }),
]);
export type RoleSettings = z.output<typeof roleSchema>;
export type RoleSettingsOf<Name extends RoleSettings['SERVICE']> = Extract<RoleSettings, { SERVICE: Name }>;

export interface Settings {
  readonly process: z.output<typeof processSchema>;
  readonly role: RoleSettings;
  readonly misbehaviour: Misbehaviour;
}

/**
 * Reads the environment. An empty value counts as unset, so that a patch can switch a misbehaviour off. An unknown
 * `MISBEHAVE_` name is an error: a misspelt one would turn a broken scenario into a sound one.
 * @throws z.ZodError with the names of the variables at fault, never their values
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '');
  const all = Object.fromEntries(given);
  const misbehaviour = Object.fromEntries(given.filter(([name]) => name.startsWith('MISBEHAVE_')));
  return {
    process: processSchema.parse(all),
    role: roleSchema.parse(all),
    misbehaviour: misbehaviourSchema.parse(misbehaviour),
  };
}

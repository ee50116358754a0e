import { once } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { createLog, type Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import { misbehaveAtStart } from './misbehaviour.ts';
import type { Role } from './role.ts';
import { createRole } from './roles.ts';
import { createService, type ServiceState } from './server.ts';
import { readSettings, type Settings } from './settings.ts';

/** EX_CONFIG of sysexits.h: the environment is wrong, and a restart does not help. */
const badSettingsCode = 78;

await main();

async function main(): Promise<void> {
  const settings = settingsOrExit();
  const log = createLog(settings.role.SERVICE, settings.process.LOG_LEVEL);
  // Process 1 of a container has no default for SIGTERM: without this a slow start could only be killed.
  let onSignal = (): void => process.exit(0);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => onSignal());
  log('info', 'starting', { version: settings.process.SERVICE_VERSION });
  const state: ServiceState = { isStopping: false, startedAt: performance.now() };
  await misbehaveAtStart(settings.misbehaviour, settings.role.SERVICE, log);
  const role = createRole(settings.role, log);
  const server = createService(settings, role, createMetrics(settings.role.SERVICE), state, log);
  server.listen(settings.process.PORT);
  await once(server, 'listening');
  onSignal = () => void stop(settings, server, role, state, log);
  const address = server.address();
  log('info', 'listening', { port: typeof address === 'object' ? address?.port : undefined });
}

/** Goes on answering for a moment, because endpoints learn of a stopping pod later than the pod does. */
async function stop(
  settings: Settings,
  server: Server,
  role: Role,
  state: ServiceState,
  log: Log,
): Promise<void> {
  log('info', 'stopping');
  state.isStopping = true;
  setTimeout(() => process.exit(0), settings.process.SHUTDOWN_LIMIT).unref();
  await pause(settings.process.SHUTDOWN_DELAY);
  server.close();
  server.closeIdleConnections();
  await once(server, 'close');
  await role.close();
  log('info', 'stopped');
  process.exit(0);
}

function settingsOrExit(): Settings {
  try {
    return readSettings(process.env);
  } catch (error) {
    const reason = error instanceof z.ZodError ? error.issues.map(describeIssue).join('; ') : String(error);
    createLog(process.env['SERVICE'] ?? 'unknown', 'info')('error', 'bad settings', { reason });
    process.exit(badSettingsCode);
  }
}

/** Of an issue only name and message, never the value, which may be a password. */
function describeIssue({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}

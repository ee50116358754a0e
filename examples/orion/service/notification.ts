import { createClient } from '@redis/client';
import type { Log } from './log.ts';
import type { Role } from './role.ts';
import type { RoleSettingsOf } from './settings.ts';

/** Counts the notifications of each account in Redis. */
export function createNotification(settings: RoleSettingsOf<'notification'>, log: Log): Role {
  const client = createClient({
    url: settings.REDIS_URL,
    // Answer "not ready" at once instead of queueing until Redis is back.
    disableOfflineQueue: true,
    socket: { connectTimeout: 1000, reconnectStrategy: 250 },
  });
  let reason = 'not connected yet';
  client.on('error', (error: Error) => {
    reason = error.message;
  });
  client.on('end', () => log('debug', 'Redis connection closed'));
  client.connect().catch((error: unknown) => log('warn', 'Redis connection given up', { error: `${error}` }));
  return {
    answer: async (account) => ({ account, notifications: await client.incr(`notifications:${account}`) }),
    checkReady: async () => {
      if (!client.isReady) throw new Error(`Redis: ${reason}`);
      await client.ping();
    },
    close: async () => client.destroy(),
  };
}

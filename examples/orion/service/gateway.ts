import type { Role } from './role.ts';
import type { RoleSettingsOf } from './settings.ts';

const callLimit = 2000;

/** Calls the other services in turn; it is ready once each of them answers on `/health`. */
export function createGateway(settings: RoleSettingsOf<'gateway'>): Role {
  const services = {
    auth: settings.AUTH_URL,
    user: settings.USER_URL,
    notification: settings.NOTIFICATION_URL,
  };
  const names = ['auth', 'user', 'notification'] as const;
  return {
    answer: async (account) => {
      const answers = names.map(async (name) => {
        const url = new URL(`/?account=${encodeURIComponent(account)}`, services[name]);
        return [name, await call(name, url)] as const;
      });
      return Object.fromEntries(await Promise.all(answers));
    },
    checkReady: async () => {
      await Promise.all(names.map((name) => call(name, new URL('/health', services[name]))));
    },
    close: async () => {},
  };
}

async function call(name: string, url: URL): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(callLimit) }).catch((error: unknown) => {
    throw new Error(`${name} cannot be reached`, { cause: error });
  });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`${name} answered ${response.status}`);
  return body;
}

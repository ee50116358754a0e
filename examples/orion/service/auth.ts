import { createHmac } from 'node:crypto';
import { openDatabase } from './database.ts';
import type { Log } from './log.ts';
import type { Role } from './role.ts';
import type { RoleSettingsOf } from './settings.ts';

const schema = 'create table if not exists sessions (account text primary key, logins integer not null)';
const countLogin = `insert into sessions values ($1, 1)
  on conflict (account) do update set logins = sessions.logins + 1 returning logins`;

/** Logs an account in: counts it in PostgreSQL and answers with a signed token. */
export function createAuth(settings: RoleSettingsOf<'auth'>, log: Log): Role {
  const database = openDatabase(settings.DATABASE_URL, schema, log);
  return {
    answer: async (account) => {
      const [session] = await database.query(countLogin, [account]);
      const token = createHmac('sha256', settings.TOKEN_KEY).update(account).digest('base64url');
      return { account, token, logins: session?.['logins'] };
    },
    checkReady: database.checkReady,
    close: database.close,
  };
}

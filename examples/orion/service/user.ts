import { openDatabase } from './database.ts';
import type { Log } from './log.ts';
import type { Role } from './role.ts';
import type { RoleSettingsOf } from './settings.ts';

const schema = `create table if not exists users
  (account text primary key, since timestamptz not null default now())`;
const findOrAdd = `insert into users (account) values ($1)
  on conflict (account) do update set account = excluded.account returning account, since`;

/** Keeps profiles in PostgreSQL; an account seen for the first time gets one. */
export function createUser(settings: RoleSettingsOf<'user'>, log: Log): Role {
  const database = openDatabase(settings.DATABASE_URL, schema, log);
  return {
    answer: async (account) => {
      const [profile] = await database.query(findOrAdd, [account]);
      return { ...profile };
    },
    checkReady: database.checkReady,
    close: database.close,
  };
}

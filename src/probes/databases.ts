/** The table of probes: how a database of each protocol is asked. What each protocol is says `src/domain/smoke/databases/protocols.ts`. */
import type { DatabaseProbes } from '../ports/probes.ts';
import { probeMysql } from './mysql.ts';
import { probePostgres } from './postgres.ts';
import { probeRedis } from './redis.ts';

export const databaseProbes: DatabaseProbes = {
  postgres: probePostgres,
  redis: probeRedis,
  mysql: probeMysql,
};

/**
 * The table of probes, one per database protocol. The protocols are defined in
 * `src/domain/smoke/databases/protocols.ts`.
 */
import type { DatabaseProbes } from '../ports/probes.ts';
import { probeMysql } from './mysql.ts';
import { probePostgres } from './postgres.ts';
import { probeRedis } from './redis.ts';

export const databaseProbes: DatabaseProbes = {
  postgres: probePostgres,
  redis: probeRedis,
  mysql: probeMysql,
};

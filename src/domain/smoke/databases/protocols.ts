/** The table of database protocols. One that is missing here, or in the table of probes (`src/probes/databases.ts`), does not compile. */

import type { DatabaseKind } from '../report.ts';
import { mysql } from './mysql.ts';
import { postgres } from './postgres.ts';
import type { DatabaseProtocol } from './protocol.ts';
import { redis } from './redis.ts';

const table = { postgres, redis, mysql };

/** What the probe of each protocol is given. */
export type DatabaseTargets = {
  readonly [Kind in DatabaseKind]: ReturnType<(typeof table)[Kind]['target']>;
};

/** What the probe of each protocol finds. */
export type DatabaseFindings = {
  readonly [Kind in DatabaseKind]: Parameters<(typeof table)[Kind]['judge']>[0];
};

export const protocols: {
  readonly [Kind in DatabaseKind]: DatabaseProtocol<DatabaseTargets[Kind], DatabaseFindings[Kind]>;
} = table;

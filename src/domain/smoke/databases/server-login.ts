import type { Role, RoleSetting } from './protocol.ts';

/** The setting of this role whose name says the least beside it: `POSTGRES_PASSWORD` rather than `POSTGRES_REPLICATION_PASSWORD`. */
export function plainest(named: readonly RoleSetting[], role: Role): string | undefined {
  return named
    .filter((one) => one.role === role)
    .toSorted((one, other) => one.qualifiers.length - other.qualifiers.length)[0]?.text;
}

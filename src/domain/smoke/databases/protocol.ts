/** What the smoke tests ask of a database protocol. One file per protocol says it, `protocols.ts` is the table of them. */

import type { z } from 'zod';
import type { ConnectionFault, Dial, TlsFacts } from '../http/connection.ts';
import type { Judgement } from '../judgement.ts';
import type { DatabaseKind } from '../report.ts';
import type { ContainerSettings } from './settings.ts';

/**
 * Named as libpq's `sslmode` (PostgreSQL manual, "SSL Support"): `prefer` takes TLS if the server has it, `require` does not
 * check the certificate, `verify-ca` its chain, `verify-full` its name too.
 */
export type TlsMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** How a connection to a database uses TLS. */
export interface DatabaseTls {
  readonly mode: TlsMode;
  /** PEM; the authorities of Node.js if absent. */
  readonly ca?: string;
}

/**
 * `stated`: one setting, or settings of one name, say how the workload logs in. `inferred`: pieced together from others, so a refusal
 * is no proof. `none`: nothing says how.
 */
export type Login = 'stated' | 'inferred' | 'none';

/** What one value says; nothing of it is guessed. */
export interface DatabaseAddress {
  /** Absent where the form leaves it open: `db:5432`. */
  readonly kind?: DatabaseKind;
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly tls?: TlsMode;
  /** Said to be for reading only. */
  readonly replica?: true;
}

/** What a variable holds, told by the end of its name. `connection` holds an address or the name of a driver, as frameworks differ. */
export type Role = 'address' | 'connection' | 'port' | 'user' | 'password' | 'database' | 'tls' | 'driver';

/** Names that say that there is a database, and leave open which: `DB_HOST`, `CACHE_HOST`. */
export type OpenFamily = 'sql' | 'store';

/** A setting with the role that its name gives it, and the words of the name that are neither role nor family. */
export interface RoleSetting {
  readonly role: Role;
  readonly qualifiers: readonly string[];
  readonly text: string;
}

/** What the containers of a server itself say of its login. */
export interface ServerLogin {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
}

/** Where to connect to and what to log in with, as settings say it. */
export interface DatabaseAccess extends Dial {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly tls: DatabaseTls;
}

/** What every probe is given. */
export type DatabaseTarget = Omit<DatabaseAccess, 'database'>;

/** Every finding has these. The probe fills in what it found before something went wrong. */
export interface DatabaseFinding {
  readonly milliseconds: number;
  readonly connectionFault?: ConnectionFault;
}

/** By what a finding is judged. */
export interface DatabaseExpectations {
  /** `host:port/database` for the sentence. */
  readonly address: string;
  /** Milliseconds since the epoch, for certificates. */
  readonly now: number;
  /** True for a target that is meant to be a replica. */
  readonly replica: boolean;
  /** Only of a stated login a refusal is the workload's too. */
  readonly login: Login;
  /** False where no setting says a password: that the server wants one is then not the workload's fault. */
  readonly hasPassword: boolean;
}

/**
 * What schemas of findings are made of. The library is handed in, and only these functions of it: the probe in the cluster does
 * without it, and the bundles of the actions without the rest.
 */
export interface SchemaParts {
  readonly z: Pick<typeof z, 'object' | 'union' | 'enum' | 'literal' | 'boolean' | 'number' | 'int'>;
  readonly text: (longest: number) => z.ZodString;
  readonly count: z.ZodNumber;
  readonly milliseconds: z.ZodNumber;
  readonly serverSaid: z.ZodString;
  readonly fault: z.ZodType<ConnectionFault>;
  readonly tls: z.ZodType<TlsFacts>;
}

/** How it is recognised in the settings of workloads. */
interface RecognisedBy {
  /** Words in the names of variables: `redis` of `REDIS_HOST`. */
  readonly words: string;
  /** Which names may mean it where driver, port, host or Service say so. */
  readonly family: OpenFamily;
  /** Last words of a name that are a password with this protocol alone: `REDIS_AUTH`. */
  readonly passwords?: readonly string[];
  /** Values of variables that name a driver. */
  readonly drivers: RegExp;
  /** Names of hosts. */
  readonly hosts: RegExp;
}

/** What a protocol has to say: how it is recognised in settings and containers, how it is probed, how a finding is judged. */
export interface DatabaseProtocol<Target extends DatabaseTarget, Finding extends DatabaseFinding> {
  /** Begins sentences: `PostgreSQL`. */
  readonly title: string;
  /** Where servers listen by default. */
  readonly port: number;
  /** Schemes of URLs that drivers take, without `jdbc:`, `r2dbc:` and what follows a plus. */
  readonly schemes: Readonly<Record<string, { readonly tls?: TlsMode }>>;
  /** Those that the documentation of orion.yaml names; messages have the first. */
  readonly documentedSchemes: readonly [string, ...string[]];
  /** Options of its URLs that say how to use TLS, beside `sslmode`, `sslMode` and `ssl`. */
  readonly tlsOptions?: readonly string[];
  /** Words for TLS beside those of libpq. */
  readonly tlsWords?: Readonly<Record<string, TlsMode>>;
  readonly recognisedBy: RecognisedBy;
  /** Without these there is no session. Where nothing is needed, a server may be open: it is tried without any login. */
  readonly needs: readonly ('user' | 'database')[];
  /**
   * Whether an account is one of a host to connect from (`app@'10.%'`): a login that is refused at the loopback address of a pod, where
   * port-forwards end, may be right from where the workloads are.
   */
  readonly accountsByHost: boolean;
  /** Reads whole addresses that are no URLs: connection strings of drivers. */
  parseText(text: string): DatabaseAddress | undefined;
  /** Whether this can be the name of a database. */
  isDatabase(name: string): boolean;
  /** A container that is such a server: by the name of its image, or a program in its command. */
  readonly server: {
    readonly images: RegExp;
    readonly programs: RegExp;
    /** `named` are those of its variables that say something of databases. */
    login(container: ContainerSettings, named: readonly RoleSetting[]): ServerLogin | undefined;
  };
  /** What the probe is given: what drivers do where settings are silent is filled in. */
  target(access: DatabaseAccess): Target;
  /** How a finding looks in the log of the probe, which is untrusted text until it has passed. */
  schema(parts: SchemaParts): z.ZodType<Finding>;
  judge(finding: Finding, expected: DatabaseExpectations): Judgement;
}

/** The `smoke:` section of orion.yaml as the tests use it. Durations are milliseconds. */
import type { JsonValue } from '../kubernetes/objects.ts';

/** Where a value that must not stand in orion.yaml comes from; `literal` is for URLs without a password. */
export type ValueSource =
  | { readonly literal: string }
  | { readonly env: string }
  | { readonly secret: string; readonly key: string };

/** Certificate authorities: PEM as it is, or the key of a Secret or ConfigMap of the release's namespace that holds it. */
export type AuthoritySource =
  | { readonly pem: string }
  | { readonly secret: string; readonly key: string }
  | { readonly configMap: string; readonly key: string };

/** A database by its name: what the settings of the workloads do not say, or what is to be done about it. */
export interface ConfiguredDatabase {
  /** Its URL; absent: the one that is found. */
  readonly url?: ValueSource;
  readonly skip?: true;
  readonly from?: 'runner' | 'cluster';
  readonly ca?: AuthoritySource;
}

/** What an answer must be. Texts are exact; between slashes they are regular expressions. */
export interface AnswerExpectations {
  /** Numbers or classes (`2xx`). Absent: what the kubelet takes for healthy, and no body that says otherwise. */
  readonly status?: readonly (number | string)[];
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON path to value. */
  readonly json?: Readonly<Record<string, string | number | boolean | null>>;
  /** A regular expression that the body must match. */
  readonly body?: string;
  /** Days that the certificate must still be valid. */
  readonly tlsDays?: number;
}

/** An HTTP endpoint of a service, as orion.yaml has it. */
export interface ConfiguredEndpoint {
  /** Begins with a slash. */
  readonly path: string;
  readonly method: string;
  /** Name or number of the container's port; absent: the one that its probes ask, else its first. */
  readonly port?: string | number;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly expect: AnswerExpectations;
}

interface ConfiguredService {
  readonly dependsOn: readonly string[];
  readonly endpoints: readonly ConfiguredEndpoint[];
  /** What p95 of each of its endpoints may take. */
  readonly maxLatency?: number;
}

/** What of an answer later steps may use; `pattern`: its first group, or all that it matches. */
export type Capture = ({ readonly json: string } | { readonly header: string }) & {
  readonly pattern?: string;
};

/** One request of a journey. `${name}` in its texts stands for a variable, or for what an earlier step captured. */
export interface ConfiguredStep extends ConfiguredEndpoint {
  /** Whose address is called. */
  readonly service: string;
  readonly name?: string;
  /** A text as it is, or what is sent as JSON. */
  readonly requestBody?: JsonValue;
  readonly capture: Readonly<Record<string, Capture>>;
}

/** What a user does, request after request. */
export interface ConfiguredJourney {
  readonly variables: Readonly<Record<string, ValueSource>>;
  readonly steps: readonly ConfiguredStep[];
}

/** The whole section, with defaults filled in. */
export interface SmokeConfiguration {
  /** Of each try. */
  readonly deadline: number;
  /** Further tries after a failed one. */
  readonly retries: number;
  /** Tests that run at the same time. */
  readonly parallel: number;
  /** URLs by name; with the environment `local` they are all there is. */
  readonly local: Readonly<Record<string, string>>;
  readonly databases: Readonly<Record<string, ConfiguredDatabase>>;
  /** Trusted beside the usual ones, by databases and HTTPS entrances. */
  readonly ca?: AuthoritySource;
  readonly services: Readonly<Record<string, ConfiguredService>>;
  readonly journeys: Readonly<Record<string, ConfiguredJourney>>;
}

export const noSmokeConfiguration: SmokeConfiguration = {
  deadline: 5000,
  retries: 2,
  parallel: 16,
  local: {},
  databases: {},
  services: {},
  journeys: {},
};

/** Selects the tests of the named services and of all their dependencies. */
import type { SmokeConfiguration } from '../configuration.ts';
import type { Database } from '../databases/databases.ts';
import type { SmokeTest } from './test.ts';

/** What a subject needs to work, by subject: databases and other services. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

interface Selection {
  readonly tests: readonly SmokeTest[];
  /** Names that no test has. */
  readonly unknown: readonly string[];
}

/** Workloads stand on the databases that their settings name, journeys on the services they call, and all on what orion.yaml says. */
export function dependenciesOf(
  { services, journeys }: Pick<SmokeConfiguration, 'services' | 'journeys'>,
  databases: readonly Pick<Database, 'name' | 'users'>[],
): Dependencies {
  const below = new Map<string, string[]>();
  const add = (name: string, others: readonly string[]): void => {
    below.set(name, [...(below.get(name) ?? []), ...others]);
  };
  for (const { name, users } of databases) for (const user of users) add(user.name, [name]);
  for (const [name, { dependsOn }] of Object.entries(services)) add(name, dependsOn);
  for (const [name, { steps }] of Object.entries(journeys)) {
    add(name, [...new Set(steps.map(({ service }) => service))]);
  }
  return below;
}

/** All tests if no service is named; of journeys those that are named, or call a service that is. */
export function selectTests(
  tests: readonly SmokeTest[],
  services: readonly string[],
  dependencies: Dependencies,
): Selection {
  if (services.length === 0) return { tests, unknown: [] };
  const subjects = new Set(tests.map(({ subject }) => subject));
  const wanted = new Set<string>();
  const add = (name: string): void => {
    if (wanted.has(name)) return;
    wanted.add(name);
    for (const below of dependencies.get(name) ?? []) add(below);
  };
  for (const service of services) add(service);
  const unknown = services.filter((name) => !subjects.has(name));
  const isWanted = ({ subject, kind }: SmokeTest): boolean =>
    wanted.has(subject) ||
    (kind === 'journey' && (dependencies.get(subject) ?? []).some((below) => services.includes(below)));
  return { tests: tests.filter(isWanted), unknown };
}

/** Which tests are asked for: those of the named services and of everything they stand on. */
import type { SmokeTest } from './test.ts';

/** What a subject needs to work, by subject: databases and other services. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

export interface Selection {
  readonly tests: readonly SmokeTest[];
  /** Names that no test has. */
  readonly unknown: readonly string[];
}

/** All tests if no service is named. */
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
  return { tests: tests.filter(({ subject }) => wanted.has(subject)), unknown };
}

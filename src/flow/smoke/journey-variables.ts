/** The variables of the journeys in orion.yaml: texts, variables of the job, keys of Secrets. All but texts are hidden from then on. */
import type { ValueSource } from '../../domain/smoke/configuration.ts';
import type { JourneyVariables } from '../../domain/smoke/tests/subject.ts';
import type { Run } from '../run/context.ts';

/** Reads a Secret's data as text; nothing is in one that is not there. */
type ReadSecret = (name: string) => Promise<Readonly<Record<string, string>>>;

/** The values by journey and variable name; undefined for a variable of the job or a key that is not there. */
export async function journeyVariables(run: Run, readSecret: ReadSecret): Promise<JourneyVariables> {
  const read = async (source: ValueSource): Promise<string | undefined> => {
    if ('literal' in source) return source.literal;
    if ('env' in source) return run.variable(source.env) || undefined;
    return (await readSecret(source.secret))[source.key];
  };
  const journeys = Object.entries(run.configuration.smoke.journeys).map(async ([name, { variables }]) => {
    const values = Object.entries(variables).map(
      async ([variable, source]) => [variable, await read(source)] as const,
    );
    return [name, Object.fromEntries(await Promise.all(values))] as const;
  });
  return new Map(await Promise.all(journeys));
}

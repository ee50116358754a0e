/** The databases of a release and their credentials: from the settings of its workloads, and from orion.yaml. */
import { Fault } from '../../domain/failure/fault.ts';
import { groupKindOf, type KubernetesObject } from '../../domain/kubernetes/objects.ts';
import type { AuthoritySource, ConfiguredDatabase, ValueSource } from '../../domain/smoke/configuration.ts';
import {
  type Database,
  databasesOf,
  parseDatabaseUrl,
  usualSchemes,
} from '../../domain/smoke/databases/databases.ts';
import { type SettingValues, settingReferences } from '../../domain/smoke/databases/settings.ts';
import { podTemplateOf } from '../../domain/workloads/workloads.ts';
import type { Run } from '../run/context.ts';
import { readSetting, type SettingGround } from './settings-in-cluster.ts';

interface Ground extends SettingGround {
  readonly rendered: readonly KubernetesObject[];
}

/** Those of orion.yaml with a URL come first: they say how to log in where the workloads do not. Every password is hidden from then on. */
export async function findDatabases(
  run: Run,
  ground: Ground,
  objects: readonly KubernetesObject[],
): Promise<readonly Database[]> {
  const workloads = objects.filter((object) => podTemplateOf(object) !== undefined);
  const services = ground.rendered.filter((object) => groupKindOf(object) === 'Service');
  const found = databasesOf([...workloads, ...services], await settingValues(run, ground, workloads));
  const { databases: entries, ca } = run.configuration.smoke;
  const configured = await Promise.all(
    Object.entries(entries).flatMap(([name, { url }]) =>
      url === undefined ? [] : [configuredDatabase(run, ground, name, url)],
    ),
  );
  for (const { password = '' } of [...configured, ...found]) run.hideText(password);
  const names = new Set(configured.map(({ name }) => name));
  const all = [
    ...configured.map((one) => ({ ...one, users: found.find(({ name }) => name === one.name)?.users ?? [] })),
    ...found.filter(({ name }) => !names.has(name)),
  ];
  const usual = await readAuthority(run, ground, ca, 'smoke.ca');
  return Promise.all(
    all.map(async (database) => {
      const entry = entries[database.name] ?? {};
      const own = await readAuthority(run, ground, entry.ca, `smoke.databases.${database.name}.ca`);
      return asConfigured(database, entry, own, usual);
    }),
  );
}

/** As libpq does, an authority of its own makes `require` look at the certificate. */
function asConfigured(
  database: Database,
  { skip, from }: ConfiguredDatabase,
  own: string | undefined,
  usual: string | undefined,
): Database {
  const ca = own ?? usual;
  const mode = own !== undefined && database.tls.mode === 'require' ? 'verify-ca' : database.tls.mode;
  return {
    ...database,
    tls: { mode, ...(ca === undefined ? {} : { ca }) },
    ...(skip === true ? { skip } : {}),
    ...(from === undefined ? {} : { from }),
  };
}

async function configuredDatabase(
  run: Run,
  ground: Ground,
  name: string,
  source: ValueSource,
): Promise<Database> {
  if ('literal' in source) return namedDatabase(name, source.literal, 'orion.yaml');
  if ('env' in source) return namedDatabase(name, run.variable(source.env), `variable ${source.env}`);
  const { secret, key } = source;
  const data = await readSetting(run, ground, 'Secret', secret);
  return namedDatabase(name, data[key], `Secret ${secret}, key ${key}`);
}

function namedDatabase(name: string, url: string | undefined, source: string): Database {
  const database = url === undefined ? undefined : parseDatabaseUrl(url, source);
  if (database !== undefined) return { ...database, name };
  throw new Fault(
    'bad-config',
    `The URL of the database ${name} is ${url === undefined ? 'not there' : `no ${usualSchemes.map((one) => `${one}://`).join(' or ')} URL`} (${source}).`,
    `Correct smoke.databases.${name} in orion.yaml, or what it refers to.`,
  );
}

/** The PEM text of an authority in orion.yaml; undefined where none is named. Throws a Fault `bad-config` for one that is not there. */
export async function readAuthority(
  run: Run,
  ground: SettingGround,
  source: AuthoritySource | undefined,
  field: string,
): Promise<string | undefined> {
  if (source === undefined) return undefined;
  const [kind, name, key] =
    'pem' in source
      ? (['file', '', ''] as const)
      : 'secret' in source
        ? (['Secret', source.secret, source.key] as const)
        : (['ConfigMap', source.configMap, source.key] as const);
  const pem = 'pem' in source ? source.pem : (await readSetting(run, ground, kind as 'Secret', name))[key];
  if (pem?.includes('-----BEGIN CERTIFICATE-----') === true) return pem;
  const what = kind === 'file' ? 'what it names' : `key ${key} of ${kind} ${name}`;
  throw new Fault(
    'bad-config',
    `${field} in orion.yaml refers to no certificate: ${what} has no -----BEGIN CERTIFICATE-----.`,
    `Correct ${field}: a PEM file of the repository, or the key of a Secret or ConfigMap in namespace ${ground.namespace}.`,
  );
}

async function settingValues(
  run: Run,
  ground: Ground,
  workloads: readonly KubernetesObject[],
): Promise<SettingValues> {
  const entries = settingReferences(workloads).map(
    async ({ kind, name }) => [`${kind}/${name}`, await readSetting(run, ground, kind, name)] as const,
  );
  return new Map(await Promise.all(entries));
}

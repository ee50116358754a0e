/** One test for each database and each way to it: which pod stands behind its name, and what to log in with. */
import type { Database } from '../databases/databases.ts';
import { protocols } from '../databases/protocols.ts';
import type { Judgement } from '../judgement.ts';
import { type Ground, reachOf, type Way } from './database-reach.ts';
import type { SmokeTest } from './test.ts';

/** A database that orion.yaml leaves out, or the cluster already judges, has one decided test. */
export function databaseTests(databases: readonly Database[], ground: Ground): readonly SmokeTest[] {
  const names = new Map<string, number>();
  return databases.flatMap((database): readonly SmokeTest[] => {
    const count = (names.get(database.name) ?? 0) + 1;
    names.set(database.name, count);
    const { ways, objects, judgement } = reachOf(database, ground);
    const identity = { ...identityOf(database, count), objects: [...objects, ...database.users] };
    const known = leftOut(identity.title, database) ?? judgement;
    if (known !== undefined) return [{ ...identity, what: 'decided', judgement: known }];
    const isEach = ways.length > 1;
    return ways.map((way) => testOf(database, way, isEach ? ofPod(identity, way) : identity));
  });
}

/** The same for a URL that is dialled as it is. */
export function directDatabaseTest(database: Database): SmokeTest {
  const { host, port } = database;
  const way: Way = { reach: { type: 'direct', host, port } };
  return testOf(database, way, { ...identityOf(database, 1), objects: [] });
}

type Named = Pick<SmokeTest, 'id' | 'subject' | 'kind' | 'title' | 'address' | 'objects'>;

function identityOf({ kind, name, host, port, database }: Database, count: number): Omit<Named, 'objects'> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}${database === undefined ? '' : `/${database}`}`;
  return {
    id: `${name}/${kind}${count === 1 ? '' : `/${count}`}`,
    subject: name,
    kind,
    title: `${protocols[kind].title} at ${address}`,
    address: `${kind}://${address}`,
  };
}

function ofPod(identity: Named, { reach }: Way): Named {
  if (reach.type !== 'pod') return identity;
  const { id, title } = identity;
  return { ...identity, id: `${id}/pod ${reach.pod}`, title: `${title} in pod ${reach.pod}` };
}

function testOf(database: Database, { reach, doubt }: Way, identity: Named): SmokeTest {
  const { kind, host, user, password, database: inside, tls, login, from, replica } = database;
  return {
    ...identity,
    ...(reach.type === 'pod' ? { pod: reach.pod } : {}),
    what: kind,
    reach,
    serverName: host,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(inside === undefined ? {} : { database: inside }),
    tls,
    login,
    ...(doubt === undefined ? {} : { doubt }),
    ...(from === undefined ? {} : { from }),
    ...(replica === true ? { replica } : {}),
  };
}

/** Left out by orion.yaml; or one that needs a login, of which only a Service was found: there is nothing to try, while others may be open. */
function leftOut(
  title: string,
  { kind, name, login, source, skip, isUnnamed }: Database,
): Judgement | undefined {
  if (skip === true) {
    return {
      outcome: 'skipped',
      message: `${title} is skipped by smoke.databases.${name}.skip in orion.yaml.`,
    };
  }
  if (protocols[kind].needs.length === 0 || login !== 'none' || isUnnamed !== true) return undefined;
  return {
    outcome: 'inconclusive',
    reason: 'login-unknown',
    message: `${title} was not tested: no credentials were found (found by ${source}).`,
    remedy: `Name a Secret with its URL in orion.yaml: smoke.databases.${name}: {secret: …, key: …}.`,
  };
}

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageDescription } from './archive.ts';
import { baseEntries, nonRootUser, shellEntries } from './base.ts';
import { closureOf, librariesOf } from './closure.ts';
import type { LayerEntry } from './layer.ts';

const version = '15';
const programs = `/usr/lib/postgresql/${version}/bin`;
const libraries = `/usr/lib/postgresql/${version}/lib`;
const shared = `/usr/share/postgresql/${version}`;

/**
 * Makes the database in an empty data folder, then becomes PostgreSQL. The folder is filled under another name and
 * renamed: a container killed half-way starts anew. Without fsync: the data are gone with the pod anyway.
 */
const entrypoint = `#!/bin/sh
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  rm -rf "$PGDATA.new"
  printf '%s\\n' "$POSTGRES_PASSWORD" > /tmp/password
  ${programs}/initdb --pgdata="$PGDATA.new" --username="$POSTGRES_USER" --pwfile=/tmp/password \\
    --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C --no-sync --wal-segsize=4
  rm /tmp/password
  echo 'host all all all scram-sha-256' >> "$PGDATA.new/pg_hba.conf"
  echo "create database $POSTGRES_DB" | ${programs}/postgres --single -F -D "$PGDATA.new" postgres
  mv "$PGDATA.new" "$PGDATA"
fi
exec ${programs}/postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off "$@"
`;

/** Without JIT (its LLVM weighs 100 MB) and contrib modules. */
export async function postgresImage(): Promise<ImageDescription> {
  const files = await Promise.all([
    closureOf(`${programs}/postgres`),
    closureOf(`${programs}/initdb`),
    closureOf(`${programs}/pg_isready`),
    neededLibraries(),
    sharedFiles(),
  ]);
  return {
    reference: `orion.example/postgres:${version}`,
    entrypoint: ['/usr/local/bin/postgres-entrypoint'],
    env: {
      PATH: `${programs}:/usr/local/bin:/usr/bin:/bin`,
      PGDATA: '/var/lib/postgresql/data/pgdata',
      POSTGRES_DB: 'postgres',
      POSTGRES_USER: 'postgres',
      TZ: 'UTC',
    },
    user: nonRootUser,
    exposedPorts: ['5432/tcp'],
    // SIGTERM would wait for every client to leave.
    stopSignal: 'SIGINT',
    layers: [
      [
        ...baseEntries,
        ...shellEntries,
        ...files.flat(),
        { to: '/usr/local/bin/postgres-entrypoint', content: entrypoint, mode: 0o755 },
        { to: '/var/lib/postgresql/data', folder: true, mode: 0o777 },
      ],
    ],
  };
}

/** What initdb creates functions of, and the conversions between encodings. */
async function neededLibraries(): Promise<readonly LayerEntry[]> {
  const wanted = /^(plpgsql|dict_snowball|libpqwalreceiver|pgoutput|\w+_and_\w+|euc2004_sjis2004)\.so$/;
  const paths = (await readdir(libraries)).filter((name) => wanted.test(name));
  const needed = await librariesOf(join(libraries, 'libpqwalreceiver.so'));
  return [...paths.map((name) => ({ from: join(libraries, name), to: join(libraries, name) })), ...needed];
}

async function sharedFiles(): Promise<readonly LayerEntry[]> {
  const unwanted = /^(man|contrib|extension\/(?!plpgsql))/;
  const found = await readdir(shared, { recursive: true, withFileTypes: true });
  const paths = found.filter((item) => !item.isDirectory()).map((item) => join(item.parentPath, item.name));
  const wanted = paths.filter((path) => !unwanted.test(path.slice(shared.length + 1)));
  return [...wanted, '/usr/share/zoneinfo/UTC', '/usr/share/zoneinfo/Etc/UTC'].map((path) => ({
    from: path,
    to: path,
  }));
}

/** Databases and services of the example application, as processes of this machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../../testbed/binaries/run-command.ts';

const program = fileURLToPath(new URL('../../../examples/orion/service/main.ts', import.meta.url));
const postgresPrograms = '/usr/lib/postgresql/15/bin';

/** PostgreSQL refuses root, so as root it gets the identity of `nobody`. */
const identity = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

export interface RunningService {
  readonly process: ChildProcess;
  /** Its standard output so far. */
  readonly lines: readonly string[];
  /** Resolves with the exit code, null if a signal ended it. */
  readonly ended: Promise<number | null>;
  /** The URL, once it listens; rejects if it ends before. */
  readonly url: Promise<string>;
}

/** Starts the example's service from its sources, with nothing but the given environment. */
export function startService(environment: Readonly<Record<string, string>>): RunningService {
  const child = spawn(process.execPath, [program], {
    env: { PORT: '0', SHUTDOWN_DELAY: '50ms', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null));
  const url = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      const port = /"message":"listening","port":(\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`);
    });
    void ended.then((code) => reject(new Error(`ended with ${code}: ${lines.at(-1)}`)));
  });
  // Tests of services that end never ask for the URL.
  url.catch(() => {});
  return { process: child, lines, ended, url };
}

/** Asks again until `isDone` is true. */
export async function until(what: string, isDone: () => Promise<boolean>, limit = 15_000): Promise<void> {
  const end = performance.now() + limit;
  while (performance.now() < end) {
    if (await isDone()) return;
    await pause(50);
  }
  throw new Error(`not within ${limit} ms: ${what}`);
}

export interface Server {
  readonly stop: () => Promise<void>;
}

/** Where a server listens: on this machine, or in a network namespace that `enter` leads into. */
export interface Place {
  readonly address: string;
  readonly enter: readonly string[];
}

const here: Place = { address: '127.0.0.1', enter: [] };

/** A real PostgreSQL with the user and database `orion`, on a port of this machine unless another place is named. */
export async function startPostgres(
  port: number,
  password: string,
  { address, enter }: Place = here,
): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'orion-postgres-'));
  await chmod(folder, 0o777);
  await writeFile(join(folder, 'password'), password, { mode: 0o644 });
  const data = join(folder, 'data');
  const options = ['--username=orion', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'];
  const initialise = [`--pgdata=${data}`, `--pwfile=${join(folder, 'password')}`, ...options];
  await runAsNobody(join(postgresPrograms, 'initdb'), initialise);
  await appendFile(join(data, 'pg_hba.conf'), 'host all all all scram-sha-256\n');
  const serverArguments = ['-D', data, '-p', `${port}`, '-h', address, '-k', folder, '-c', 'fsync=off'];
  const server = startAsNobody(enter, join(postgresPrograms, 'postgres'), serverArguments, folder);
  const [command = '', ...ready] = [
    ...enter,
    join(postgresPrograms, 'pg_isready'),
    '-h',
    address,
    '-p',
    `${port}`,
  ];
  await until('PostgreSQL accepts connections', () => succeeds(command, ready));
  return { stop: () => end(server, 'SIGINT', folder) };
}

/** A real Redis on a port of this machine. */
export async function startRedis(port: number, password: string): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'orion-redis-'));
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--requirepass', password];
  const server = spawn('redis-server', settings, { cwd: folder, stdio: 'ignore' });
  await until('Redis answers', () => succeeds('redis-cli', ['-p', `${port}`, '-a', password, '-e', 'ping']));
  return { stop: () => end(server, 'SIGTERM', folder) };
}

/** What a MariaDB is started with beside its port. */
export interface MariadbOptions {
  /** SQL that it runs before anybody may connect; one statement per line. */
  readonly statements: readonly string[];
  /** PEM; without them it has no TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Of the server itself; clients say their own. */
  readonly characterSet?: string;
}

/** A real MariaDB on a port of this machine, without accounts but those of the statements and a root that only its socket has. */
export async function startMariadb(
  port: number,
  { statements, tls, characterSet = 'utf8mb4' }: MariadbOptions,
): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'orion-mariadb-'));
  await chmod(folder, 0o777);
  const path = (name: string): string => join(folder, name);
  await writeFile(path('init.sql'), `${statements.join(';\n')};\n`);
  // Two that share a folder for temporary tables take each other's away.
  const own = ['--no-defaults', `--datadir=${path('data')}`, `--tmpdir=${folder}`];
  await runAsNobody('/usr/bin/mariadb-install-db', [...own, '--skip-test-db']);
  if (tls !== undefined) {
    await writeFile(path('key.pem'), tls.key);
    await writeFile(path('cert.pem'), tls.cert);
  }
  const certificate =
    tls === undefined ? [] : [`--ssl-key=${path('key.pem')}`, `--ssl-cert=${path('cert.pem')}`];
  const listening = [`--port=${port}`, '--bind-address=127.0.0.1', `--socket=${path('socket')}`];
  const quick = [
    '--skip-name-resolve',
    '--innodb-flush-log-at-trx-commit=0',
    '--skip-log-bin',
    `--character-set-server=${characterSet}`,
  ];
  const settings = [...own, `--init-file=${path('init.sql')}`, ...listening, ...quick];
  const server = startAsNobody([], '/usr/sbin/mariadbd', [...settings, ...certificate], folder);
  await until('MariaDB accepts connections', () => accepts(port));
  return { stop: () => end(server, 'SIGTERM', folder) };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const isOpen = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isOpen;
}

/** Only root may enter a network namespace, so there the identity changes after it. */
function startAsNobody(
  enter: readonly string[],
  program: string,
  programArguments: readonly string[],
  folder: string,
): ChildProcess {
  const [command, ...before] = enter;
  if (command === undefined) {
    return spawn(program, programArguments, { ...identity, cwd: folder, stdio: 'ignore' });
  }
  const drop = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  return spawn(command, [...before, ...drop, program, ...programArguments], { cwd: folder, stdio: 'ignore' });
}

async function runAsNobody(command: string, commandArguments: readonly string[]): Promise<void> {
  const child = spawn(command, commandArguments, { ...identity, cwd: tmpdir(), stdio: 'ignore' });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
}

async function succeeds(command: string, commandArguments: readonly string[]): Promise<boolean> {
  return runCommand(command, commandArguments).then(
    () => true,
    () => false,
  );
}

async function end(child: ChildProcess, signal: NodeJS.Signals, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  }
  await rm(folder, { recursive: true, force: true });
}

import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { attachCluster, type Cluster, defaultStateDirectory, startCluster, stopCluster } from './cluster.ts';
import { realNodeSupport } from './node/node.ts';
import { messageOf, TestbedError } from './testbed-error.ts';

const usage = `Usage: npm run cluster -- COMMAND
  up [--hollow] [--hollow-nodes N]   start a cluster with a real node (or hollow ones only), or use the one that runs
  down                               stop it and remove what it left
  status                             what runs, and where its logs are
  load IMAGE.tar                     give the real node an image
  kubeconfig                         print the path of the administrator's kubeconfig
Each takes --state FOLDER: where the cluster is kept, instead of .cluster in the project.`;

/** A command line that this program does not understand. */
class UsageError extends Error {}

const started = performance.now();

function log(line: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`[${seconds.padStart(6)} s] ${line}`);
}

interface UpOptions {
  readonly stateDirectory: string;
  readonly hollow: boolean;
  readonly hollowNodes: number | undefined;
}

async function up(options: UpOptions): Promise<void> {
  const support = realNodeSupport();
  const hollow = options.hollow || !support.supported;
  if (!options.hollow && !support.supported) log(`hollow nodes only: ${support.reason}`);
  const cluster = await startCluster({
    stateDirectory: options.stateDirectory,
    node: hollow ? 'hollow' : 'real',
    ...(options.hollowNodes === undefined ? {} : { hollowNodes: options.hollowNodes }),
    log,
  });
  log(`the cluster is up at ${cluster.controlPlane.server}`);
  console.log(`kubeconfig  ${cluster.kubeconfig}
logs        ${cluster.stateDirectory}/logs
audit log   ${cluster.auditLog}
Next: export KUBECONFIG=${cluster.kubeconfig}; stop it with: npm run cluster -- down`);
}

async function down(stateDirectory: string): Promise<void> {
  await stopCluster(stateDirectory, log);
  log(`nothing runs any more; logs stay in ${join(stateDirectory, 'logs')}`);
}

async function status(cluster: Cluster): Promise<void> {
  const found = await cluster.status();
  const kind = found.node === 'real' ? 'one real node' : 'no real node';
  console.log(`${found.healthy ? 'healthy' : 'NOT healthy'}: ${kind}, ${found.hollowNodes} hollow nodes
server      ${found.server}
since       ${found.startedAt}`);
  for (const { name, pid, running, log: path } of found.processes) {
    console.log(`${running ? 'runs ' : 'ENDED'} ${name.padEnd(24)} ${String(pid).padStart(7)}  ${path}`);
  }
  if (found.healthy) return;
  console.log('Start it anew with: npm run cluster -- up');
  process.exitCode = 1;
}

async function load(cluster: Cluster, archive: string): Promise<void> {
  await cluster.loadImage(archive);
  log(`loaded ${archive}`);
}

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parse(commandLine);
  const [command, ...operands] = positionals;
  if (command !== 'up' && (values.hollow || values['hollow-nodes'] !== undefined)) {
    throw new UsageError('--hollow and --hollow-nodes go with up only.');
  }
  if (operands.length !== (command === 'load' ? 1 : 0)) {
    throw new UsageError(
      command === 'load' ? 'load wants one image archive.' : `${command} wants no operands.`,
    );
  }
  const [operand = ''] = operands;
  const stateDirectory = resolve(values.state);
  const hollowNodes = nodeCount(values['hollow-nodes']);
  if (command === 'up') return up({ stateDirectory, hollow: values.hollow, hollowNodes });
  if (command === 'down') return down(stateDirectory);
  if (command === 'status') return status(await attachCluster(stateDirectory));
  if (command === 'load') return load(await attachCluster(stateDirectory), operand);
  if (command === 'kubeconfig') return console.log((await attachCluster(stateDirectory)).kubeconfig);
  throw new UsageError(command === undefined ? 'A command is missing.' : `There is no command ${command}.`);
}

function parse(commandLine: readonly string[]) {
  const options = {
    hollow: { type: 'boolean', default: false },
    'hollow-nodes': { type: 'string' },
    state: { type: 'string', default: defaultStateDirectory },
  } as const;
  try {
    return parseArgs({ args: [...commandLine], options, allowPositionals: true });
  } catch (error) {
    // Node's second sentence explains how to pass an operand that starts with a dash: of no use here.
    throw new UsageError(messageOf(error).split('. ')[0] ?? '');
  }
}

function nodeCount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,4}$/.test(text))
    throw new UsageError(`--hollow-nodes wants a number from 0 to 9999, not ${text}.`);
  return Number(text);
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) console.error(`${error.message}\n${usage}`);
  else if (error instanceof TestbedError) console.error(error.message);
  else console.error(error);
  process.exitCode = 1;
}

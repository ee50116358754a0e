/** Records what the watches of a rollout are told while a command deploys. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { attachCluster, defaultStateDirectory } from '../cluster.ts';
import { recordStory, rolloutKinds } from './record.ts';
import { storyText } from './story.ts';

const usage = `Usage: node testbed/recorder/cli.ts --namespace NAME --out FILE.json [options] -- COMMAND…
  --state FOLDER   the cluster's, instead of .cluster in the project
  --title TEXT     what happens
  --after 30       seconds to go on after the command has ended
  --kind API/KIND  watch this kind too: v1/PersistentVolumeClaim, discovery.k8s.io/v1/EndpointSlice; may be repeated`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      state: { type: 'string', default: defaultStateDirectory },
      namespace: { type: 'string' },
      out: { type: 'string' },
      title: { type: 'string', default: '' },
      after: { type: 'string', default: '30' },
      kind: { type: 'string', multiple: true, default: [] },
    },
  });
  const { namespace, out } = values;
  const [command, ...parameters] = positionals;
  if (namespace === undefined || out === undefined || command === undefined) {
    console.error(usage);
    return 2;
  }
  const { kubeconfig } = await attachCluster(values.state);
  const extra = values.kind.map((kind) => {
    const slash = kind.lastIndexOf('/');
    return { apiVersion: kind.slice(0, slash), kind: kind.slice(slash + 1) };
  });
  const story = await recordStory({
    title: values.title,
    kubeconfig,
    namespace,
    kinds: [...rolloutKinds, ...extra],
    after: Number(values.after) * 1000,
    deploy: () => runToEnd(command, parameters, kubeconfig),
  });
  const text = storyText(story);
  await writeFile(out, text);
  console.log(`${out}: ${story.changes.length} changes, ${Math.ceil(text.length / 1024)} KiB`);
  return 0;
}

/** A deployment that fails is a story too. */
async function runToEnd(command: string, parameters: readonly string[], kubeconfig: string): Promise<void> {
  const child = spawn(command, parameters, {
    stdio: 'inherit',
    env: { ...process.env, KUBECONFIG: kubeconfig },
  });
  await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
}

process.exitCode = await main();

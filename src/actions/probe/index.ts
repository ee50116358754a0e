/** What the probe image runs: no action, but a bundle like theirs. Its order is a file, its findings are its log. */
import { readFile } from 'node:fs/promises';
import type { ProbeOrder } from '../../domain/smoke/tests/probe.ts';
import { fulfilOrder } from '../../probes/fulfil-order.ts';

/** As src/cluster/in-cluster-job/job.ts mounts it. */
const file = process.argv[2] ?? '/orion/order';

const order = JSON.parse(await readFile(file, 'utf8')) as ProbeOrder;
const stopped = new AbortController();
process.once('SIGTERM', () => stopped.abort(new Error('stopped')));
await fulfilOrder(order, (line) => process.stdout.write(`${line}\n`), stopped.signal);

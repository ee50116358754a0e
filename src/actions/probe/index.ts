/**
 * The entry point of the probe image: not an action, but bundled like one. It reads its requests from a file and
 * writes its findings to its log.
 */
import { readFile } from 'node:fs/promises';
import type { ProbeOrder } from '../../domain/smoke/tests/probe.ts';
import { fulfilOrder } from '../../probes/fulfil-order.ts';

/** As src/cluster/in-cluster-job/job.ts mounts it. */
const file = process.argv[2] ?? '/orion/order';

const order = JSON.parse(await readFile(file, 'utf8')) as ProbeOrder;
const stopped = new AbortController();
process.once('SIGTERM', () => stopped.abort(new Error('stopped')));
await fulfilOrder(order, (line) => process.stdout.write(`${line}\n`), stopped.signal);

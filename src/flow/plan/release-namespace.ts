/** The namespace of an app's records, for commands that need nothing else of the overlay. */
import type { Run } from '../run/context.ts';
import { namespaceOf } from './desired.ts';

/**
 * An overlay that no longer renders (its secrets are not in this job) must not stop a rollback: rendering is the last
 * resort.
 */
export async function releaseNamespace(run: Run): Promise<string> {
  const cluster = await run.connect();
  run.ledger.cluster = `${cluster.contextName} (Kubernetes ${await cluster.serverVersion()})`;
  const { namespace: input } = run.settings;
  const namespace =
    input ??
    run.renderer.ownNamespace() ??
    namespaceOf(await run.renderer.render(), input, run.configuration.outside.namespaces);
  run.ledger.namespace = namespace;
  return namespace;
}

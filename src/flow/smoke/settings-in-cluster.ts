/** Reads Secrets and ConfigMaps that settings refer to. */
import type { ObjectReference } from '../../domain/kubernetes/objects.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type { Run } from '../run/context.ts';

/** Where they are. */
export interface SettingGround {
  readonly cluster: ClusterPort;
  readonly namespace: string;
}

/** Its data as text; empty where it is not there, or may not be read. Values of a Secret are hidden from then on. */
export async function readSetting(
  run: Run,
  { cluster, namespace }: SettingGround,
  kind: 'Secret' | 'ConfigMap',
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const reference: ObjectReference = { apiVersion: 'v1', kind, namespace, name };
  const object = await cluster.get(reference).catch((error: unknown) => {
    if (cluster.refusalOf(error)?.status === 403) return undefined;
    throw error;
  });
  if (object === undefined) return {};
  if (kind === 'Secret') run.hide([object]);
  const data = (object['data'] ?? {}) as Readonly<Record<string, string>>;
  if (kind === 'ConfigMap') return data;
  const decoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]);
  return Object.fromEntries(decoded) as Readonly<Record<string, string>>;
}

/** The credentials in the containers of a database itself: `POSTGRES_PASSWORD`, `--requirepass`, a redis.conf. */
import { selectorOf, selects } from '../../health/endpoints.ts';
import { fieldAt, textAt } from '../../kubernetes/fields.ts';
import { groupKindOf, type KubernetesObject } from '../../kubernetes/objects.ts';
import { podTemplateOf } from '../../workloads/workloads.ts';
import type { DatabaseKind } from '../report.ts';
import { namedSettings } from './logins.ts';
import type { ServerLogin } from './protocol.ts';
import { protocols } from './protocols.ts';
import { type ContainerSettings, type SettingValues, settingsOf } from './settings.ts';

/** The login of the server among these containers, as far as they say one. */
export function serverLogin(
  kind: DatabaseKind,
  workload: KubernetesObject,
  values: SettingValues,
): ServerLogin | undefined {
  const server = settingsOf(workload, values).find((one) => isServer(kind, one));
  return server && protocols[kind].server.login(server, namedSettings(server));
}

/** The workloads whose pods stand behind a Service, by its selector. */
export function workloadsBehind(
  service: string,
  objects: readonly KubernetesObject[],
): readonly KubernetesObject[] {
  const found = objects.find((one) => groupKindOf(one) === 'Service' && one.metadata.name === service);
  const selector = found && selectorOf(found);
  return objects.filter((one) => {
    const template = podTemplateOf(one);
    const labels = fieldAt(template, 'metadata', 'labels') as Readonly<Record<string, string>> | undefined;
    if (template === undefined) return false;
    return selector === undefined
      ? textAt(one, 'spec', 'serviceName') === service
      : selects(selector, labels);
  });
}

/** By its image or program; an exporter beside it is neither. */
function isServer(kind: DatabaseKind, { image, words }: ContainerSettings): boolean {
  const [name = ''] = (image.split('/').at(-1) ?? '').split(/[:@]/);
  if (/exporter|metrics|proxy|backup|sentinel|operator/i.test(name)) return false;
  const { images, programs } = protocols[kind].server;
  return images.test(name) || words.some((word) => programs.test(word));
}

/**
 * Whether an object of an unknown kind may create a Secret or ConfigMap. There are thousands of operators, and a
 * first install that is refused could never pass. So a doubt is a warning, and the rollout decides.
 */

import { isCustomResource } from '../kubernetes/custom-resource.ts';
import { fieldAt, listAt } from '../kubernetes/fields.ts';
import { groupKindOf, type KubernetesObject } from '../kubernetes/objects.ts';
import { podTemplateOf } from '../workloads/workloads.ts';
import { isReader, rules } from './table.ts';

interface WantedObject {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
}

/** How the object shows it, as the end of "SecretOrder tokens, …"; undefined: it does not. */
export function mentionOf(object: KubernetesObject, wanted: WantedObject): string | undefined {
  if (isReader(object)) return undefined;
  if (!isCustomResource(object)) return commandMention(object, wanted);
  // The table knows all that these make.
  if (Object.hasOwn(rules, groupKindOf(object))) return undefined;
  if (names(object['spec'], wanted.name) || names(restOf(object), wanted.name)) return 'which names it';
  const likeness = likenessOf(object.metadata.name, wanted.name);
  if (likeness !== undefined) return likeness;
  if (deliverers.has(groupKindOf(object))) return 'which brings objects of its own';
  return wanted.kind === 'Secret' && ofSecrets.test(object.kind) ? 'by the name of its kind' : undefined;
}

/** Operators put something of their own before or behind the name: `shop-app-user`, `database-shop`. */
function likenessOf(name: string, wanted: string): string | undefined {
  if (name === wanted) return 'which has its name';
  if (/^[-.]/.test(wanted.slice(name.length)) && wanted.startsWith(name)) return 'whose name it begins with';
  const before = wanted.slice(0, -name.length);
  return wanted.endsWith(name) && /[-.]$/.test(before) ? 'whose name it ends with' : undefined;
}

/** Whether a custom resource may come with a ServiceAccount of this name, as operators make them for what they run. */
export function mayBringAccount(object: KubernetesObject, name: string): boolean {
  if (!isCustomResource(object) || isReader(object)) return false;
  return names(object['spec'], name) || likenessOf(object.metadata.name, name) !== undefined;
}

/** They bring whatever their chart or repository has. */
const deliverers: ReadonlySet<string> = new Set([
  'HelmRelease.helm.toolkit.fluxcd.io',
  'Kustomization.kustomize.toolkit.fluxcd.io',
  'Application.argoproj.io',
  'HelmChart.helm.cattle.io',
  'App.kappctrl.k14s.io',
  'PackageInstall.packaging.carvel.dev',
]);

/** `SecretOrder`, `DatabaseCredential`: a word of the kind's name, not a part of one (`Tokenizer`). */
const ofSecrets =
  /(?:^|[a-z0-9])(?:Secrets?|Credentials?|Passwords?|Certificates?|Tokens?|Vault|Keys?)(?![a-z])/;

/** The top-level fields beside `spec` of kinds that have none; what a controller wrote into `status` counts too. */
function restOf(object: KubernetesObject): unknown {
  const { apiVersion: _, kind: __, metadata: ___, spec: ____, ...rest } = object;
  return rest;
}

/** Where pods read from: a workload of another kind (an Argo Rollout) refers to what it needs, and does not make it. */
const readingFields: ReadonlySet<string> = new Set([
  'valueFrom',
  'envFrom',
  'volumes',
  'imagePullSecrets',
  'containers',
  'initContainers',
]);

/** Whether the name stands anywhere in it as a whole value, alone or behind a namespace or kind (`shop/tokens`). */
function names(value: unknown, wanted: string): boolean {
  if (typeof value === 'string') return value === wanted || value.endsWith(`/${wanted}`);
  if (Array.isArray(value)) return value.some((one) => names(one, wanted));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([field, one]) => !readingFields.has(field) && names(one, wanted));
}

/** A Job or another workload that makes it by a command: `kube-webhook-certgen create --secret-name=tokens`. */
function commandMention(object: KubernetesObject, wanted: WantedObject): string | undefined {
  const spec = fieldAt(podTemplateOf(object), 'spec');
  if (spec === undefined) return undefined;
  const words = ['initContainers', 'containers']
    .flatMap((list) => listAt(spec, list))
    .flatMap((one) => [...listAt(one, 'command'), ...listAt(one, 'args')])
    .filter((word) => typeof word === 'string')
    .join(' ');
  const isMade = /\b(?:create|apply|patch|secret-name|generate)\b/.test(words);
  const kind = wanted.kind.toLowerCase();
  return isMade && words.toLowerCase().includes(kind) && hasWord(words, wanted.name)
    ? 'whose command names it'
    : undefined;
}

function hasWord(text: string, word: string): boolean {
  const at = text.indexOf(word);
  if (at < 0) return false;
  const isPart = (one: string | undefined) => one !== undefined && /[a-z0-9.-]/.test(one);
  return !isPart(text[at - 1]) && !isPart(text[at + word.length]);
}

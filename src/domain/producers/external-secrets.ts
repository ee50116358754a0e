/** What the objects of External Secrets, Sealed Secrets, cert-manager, the CSI driver and others like them make. */
import { fieldAt, flagAt, listAt, textAt } from '../kubernetes/fields.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';
import { configMap, type Makes, namesAt, type Product, secret } from './product.ts';

/**
 * An ExternalSecret: `target.name`, or its own. Keys are known only where each is written down: `dataFrom` brings those of the
 * provider, a template replaces them, and `Merge` leaves what the Secret has (external-secrets.io, API specification).
 */
export const externalSecret: Makes = (object) => externalSecretOf(object['spec'], object.metadata.name);

/** The same in every namespace that its selector takes, under the name that it gives its ExternalSecrets. */
export const clusterExternalSecret: Makes = (object) =>
  externalSecretOf(
    fieldAt(object, 'spec', 'externalSecretSpec'),
    textAt(object, 'spec', 'externalSecretName') ?? object.metadata.name,
  ).map((product) => ({ ...product, everywhere: true }));

function externalSecretOf(spec: unknown, ownName: string): readonly Product[] {
  const policy = textAt(spec, 'target', 'creationPolicy') ?? 'Owner';
  if (policy === 'None') return [];
  const kind = textAt(spec, 'target', 'manifest', 'kind') ?? 'Secret';
  const name = textAt(spec, 'target', 'name') ?? ownName;
  const keys = policy === 'Merge' ? undefined : writtenKeys(spec);
  const rest = { ...(keys === undefined ? {} : { keys }), ...(policy === 'Merge' ? { fills: true } : {}) };
  if (kind === 'ConfigMap') return configMap(name, rest);
  return kind === 'Secret' ? secret(name, rest) : [];
}

function writtenKeys(spec: unknown): readonly string[] | undefined {
  const isOpen = listAt(spec, 'dataFrom').length > 0 || fieldAt(spec, 'target', 'template') !== undefined;
  if (isOpen) return undefined;
  return listAt(spec, 'data').flatMap((entry) => textAt(entry, 'secretKey') ?? []);
}

/** Named as itself; kubeseal writes the same name into the template. Each encrypted key is one of the Secret's. */
export const sealedSecret: Makes = (object) => {
  const templateName = textAt(object, 'spec', 'template', 'metadata', 'name') ?? object.metadata.name;
  const encrypted = namesAt(object, 'spec', 'encryptedData');
  const keys =
    encrypted === undefined
      ? undefined
      : [...encrypted, ...(namesAt(object, 'spec', 'template', 'data') ?? [])];
  const rest = keys === undefined ? {} : { keys };
  return [...new Set([object.metadata.name, templateName])].flatMap((name) => secret(name, rest));
};

/** Keystores and other forms of output bring keys of their own. */
export const certificate: Makes = (object) => {
  const more =
    fieldAt(object, 'spec', 'keystores') !== undefined ||
    fieldAt(object, 'spec', 'additionalOutputFormats') !== undefined;
  const keys = ['tls.crt', 'tls.key', 'ca.crt'];
  return secret(textAt(object, 'spec', 'secretName'), more ? {} : { keys });
};

/** Vault Secrets Operator: with `create: false` it only fills a Secret that is there. */
export const vaultSecret: Makes = (object) => {
  const creates = flagAt(object, 'spec', 'destination', 'create') === true;
  return secret(textAt(object, 'spec', 'destination', 'name'), creates ? {} : { fills: true });
};

/** The Secrets Store CSI driver makes them when the first pod mounts the class, and never before. */
export const secretProviderClass: Makes = (object) =>
  listAt(object, 'spec', 'secretObjects').flatMap((one) =>
    secret(textAt(one, 'secretName'), {
      keys: listAt(one, 'data').flatMap((entry) => textAt(entry, 'key') ?? []),
    }),
  );

/** InfisicalSecret of secrets.infisical.com: Secrets and ConfigMaps, one by its older field or many by the lists. */
export const infisicalSecret: Makes = (object) => [
  ...secret(textAt(object, 'spec', 'managedSecretReference', 'secretName')),
  ...listAt(object, 'spec', 'managedKubeSecretReferences').flatMap((one) =>
    secret(textAt(one, 'secretName')),
  ),
  ...listAt(object, 'spec', 'managedKubeConfigMapReferences').flatMap((one) =>
    configMap(textAt(one, 'configMapName')),
  ),
];

/** AzureKeyVaultSecret of akv2k8s: its output is a Secret, a ConfigMap or both. */
export const azureKeyVaultSecret: Makes = (object) => [
  ...secret(textAt(object, 'spec', 'output', 'secret', 'name')),
  ...configMap(textAt(object, 'spec', 'output', 'configMap', 'name')),
];

/** A trust-manager Bundle has one name for all namespaces, and writes the kinds that its target names. */
export const trustBundle: Makes = (object) => [
  ...(fieldAt(object, 'spec', 'target', 'configMap') === undefined
    ? []
    : configMap(object.metadata.name, { everywhere: true })),
  ...(fieldAt(object, 'spec', 'target', 'secret') === undefined
    ? []
    : secret(object.metadata.name, { everywhere: true })),
];

/** ACK writes one field of a resource into an object that must be there. */
export const fieldExport: Makes = (object) => {
  const name = textAt(object, 'spec', 'to', 'name');
  return textAt(object, 'spec', 'to', 'kind') === 'configmap'
    ? configMap(name, { fills: true })
    : secret(name, { fills: true });
};

/** cert-manager makes a certificate for each TLS host of an Ingress or Gateway that names an issuer. */
export const certifiedEntrance: Makes = (object) => (isCertified(object) ? entranceSecrets(object) : []);

function isCertified({ metadata }: KubernetesObject): boolean {
  const { annotations = {} } = metadata;
  const names = ['cert-manager.io/issuer', 'cert-manager.io/cluster-issuer', 'cert-manager.io/issuer-kind'];
  return (
    names.some((name) => annotations[name] !== undefined) || annotations['kubernetes.io/tls-acme'] === 'true'
  );
}

function entranceSecrets(object: KubernetesObject): readonly Product[] {
  const ofIngress = listAt(object, 'spec', 'tls').flatMap((one) => textAt(one, 'secretName') ?? []);
  const ofGateway = listAt(object, 'spec', 'listeners')
    .flatMap((listener) => listAt(listener, 'tls', 'certificateRefs'))
    .flatMap((one) => textAt(one, 'name') ?? []);
  return [...ofIngress, ...ofGateway].flatMap((name) => secret(name));
}

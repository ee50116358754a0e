import { readFile, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import type { CertificateFiles } from './certificates.ts';

/** Writes a kubeconfig with everything inline, so that the file works wherever it is copied to. */
export async function writeKubeconfig(
  path: string,
  server: string,
  authority: CertificateFiles,
  client: CertificateFiles,
  user: string,
): Promise<void> {
  const inline = async (file: string) => (await readFile(file)).toString('base64');
  const cluster = { server, 'certificate-authority-data': await inline(authority.certificate) };
  const credentials = {
    'client-certificate-data': await inline(client.certificate),
    'client-key-data': await inline(client.key),
  };
  const name = 'orion-testbed';
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster }],
    contexts: [{ name, context: { cluster: name, user } }],
    users: [{ name: user, user: credentials }],
  };
  await writeFile(path, stringify(kubeconfig), { mode: 0o600 });
}

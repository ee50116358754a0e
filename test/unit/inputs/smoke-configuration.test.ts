/** What orion.yaml says of databases and certificate authorities. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfiguration, readConfiguration } from '../../../src/inputs/configuration.ts';
import { smokeConfiguration } from '../../../src/inputs/smoke-configuration.ts';

const parsed = (text: string) => smokeConfiguration(parseConfiguration(text, 'orion.yaml').smoke);

test.each<[string, object]>([
  ['{url: "redis://cache"}', { url: { literal: 'redis://cache' } }],
  ['{env: CACHE_URL, from: runner}', { url: { env: 'CACHE_URL' }, from: 'runner' }],
  [
    '{secret: cache, key: url, ca: {config-map: ca, key: pem}}',
    { url: { secret: 'cache', key: 'url' }, ca: { configMap: 'ca', key: 'pem' } },
  ],
  ['{skip: true}', { skip: true }],
  ['{from: cluster, ca: {secret: ca, key: pem}}', { from: 'cluster', ca: { secret: 'ca', key: 'pem' } }],
])('smoke.databases.cache: %s', (text, expected) => {
  expect(parsed(`smoke: {databases: {cache: ${text}}}`).databases).toEqual({ cache: expected });
});

test.each([
  ['{url: "redis://cache", env: CACHE_URL}', /must have one of url, env and secret/],
  ['{secret: cache}', /must have secret and key together/],
  ['{form: cluster}', /smoke\.databases\.cache\.form is unknown; did you mean from/],
  ['{from: here}', /smoke\.databases\.cache\.from/],
])('%s is refused', (text, message) => {
  expect(() => parsed(`smoke: {databases: {cache: ${text}}}`)).toThrow(message);
});

test('files of authorities are read at the door, from the repository alone', async () => {
  const workspace = await mkdtemp(join(tmpdir(), 'orion-authorities-'));
  const pem = '-----BEGIN CERTIFICATE-----\nM\n-----END CERTIFICATE-----\n';
  await writeFile(join(workspace, 'ca.pem'), pem);
  const read = async (smoke: string) => {
    await writeFile(join(workspace, 'orion.yaml'), `smoke: ${smoke}\n`);
    return smokeConfiguration((await readConfiguration({ workspace })).smoke);
  };
  expect(await read('{ca: ca.pem, databases: {db: {ca: ./ca.pem, skip: true}}}')).toMatchObject({
    ca: { pem },
    databases: { db: { ca: { pem }, skip: true } },
  });
  await expect(read('{ca: none.pem}')).rejects.toThrow(
    /smoke\.ca names the file none\.pem, which cannot be read/,
  );
  await expect(read('{databases: {db: {ca: ../ca.pem}}}')).rejects.toThrow(
    /smoke\.databases\.db\.ca names the file \.\.\/ca\.pem, which is outside of the workspace/,
  );
});

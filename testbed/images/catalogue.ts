import type { ImageDescription } from './archive.ts';
import { baseEntries, certificateEntries, nonRootUser, shellEntries } from './base.ts';
import { closureOf } from './closure.ts';
import { nodeRuntime } from './node-runtime.ts';
import { postgresImage } from './postgres.ts';
import { probeImages } from './probe.ts';
import { serviceImages } from './service.ts';
import { ensureServiceBundle } from './service-bundle.ts';

export const imageNames = [
  'orion.example/service:1',
  'orion.example/service:2',
  'orion.example/postgres:15',
  'orion.example/redis:7',
  'orion.example/probe:1',
  'ghcr.io/orion/probe:1.0.0-alpha.1',
  'orion.example/curl:1',
  'orion.example/sh:1',
] as const;
export type ImageName = (typeof imageNames)[number];

export type Progress = (line: string) => void;

/** Images that are always made together, because they share a layer, are one archive. */
export interface Archive {
  readonly file: string;
  readonly images: readonly ImageName[];
  readonly systemPackages: readonly string[];
  readonly describe: (cacheFolder: string, progress: Progress) => Promise<readonly ImageDescription[]>;
}

export const archives: readonly Archive[] = [
  {
    file: 'service',
    // The last is the default of `smoke-image`: this machine cannot pull it, so it is there under that name.
    images: [
      'orion.example/service:1',
      'orion.example/service:2',
      'orion.example/probe:1',
      'ghcr.io/orion/probe:1.0.0-alpha.1',
    ],
    systemPackages: [],
    describe: async (cacheFolder, progress) => {
      const runtime = await nodeRuntime();
      const services = await serviceImages(await ensureServiceBundle(cacheFolder, progress), runtime);
      const probes = await probeImages(
        ['orion.example/probe:1', 'ghcr.io/orion/probe:1.0.0-alpha.1'],
        runtime,
      );
      return [...services, ...probes];
    },
  },
  {
    file: 'postgres-15',
    images: ['orion.example/postgres:15'],
    systemPackages: ['postgresql-15', 'busybox-static', 'tzdata'],
    describe: async () => [await postgresImage()],
  },
  {
    file: 'redis-7',
    images: ['orion.example/redis:7'],
    systemPackages: ['redis-server', 'redis-tools'],
    describe: async () => [await redisImage()],
  },
  {
    file: 'curl-1',
    images: ['orion.example/curl:1'],
    systemPackages: ['curl', 'ca-certificates', 'busybox-static'],
    describe: async () => [await curlImage('orion.example/curl:1')],
  },
  {
    file: 'sh-1',
    images: ['orion.example/sh:1'],
    systemPackages: ['busybox-static'],
    describe: async () => [shellImage],
  },
];

async function redisImage(): Promise<ImageDescription> {
  const server = await closureOf('/usr/bin/redis-server');
  const client = await closureOf('/usr/bin/redis-cli');
  return {
    reference: 'orion.example/redis:7',
    entrypoint: ['/usr/bin/redis-server'],
    user: nonRootUser,
    workingDirectory: '/tmp',
    exposedPorts: ['6379/tcp'],
    layers: [[...baseEntries, ...server, ...client]],
  };
}

async function curlImage(reference: string): Promise<ImageDescription> {
  const curl = await closureOf('/usr/bin/curl');
  return {
    reference,
    entrypoint: ['/usr/bin/curl'],
    user: nonRootUser,
    layers: [[...baseEntries, ...certificateEntries, ...shellEntries, ...curl]],
  };
}

const shellImage: ImageDescription = {
  reference: 'orion.example/sh:1',
  entrypoint: ['/bin/sh'],
  user: nonRootUser,
  layers: [[...baseEntries, ...shellEntries]],
};

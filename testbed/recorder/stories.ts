/** The stories that test/rollouts holds: what is deployed before, what is deployed, and how long is looked on. */
import type { FailureStatus } from '../registry/registry.ts';

type Manifest = Readonly<Record<string, unknown>>;

/** What is recorded as one file of test/rollouts. */
export interface StoryPlan {
  readonly title: string;
  /** Deployed, and waited for, before the recording begins. */
  readonly before?: readonly Manifest[];
  readonly objects: readonly Manifest[];
  /** Seconds of recording. */
  readonly seconds: number;
  /** The registry answers `status` for a repository from before the deployment until `seconds` after it began. */
  readonly outage?: { readonly repository: string; readonly status: FailureStatus; readonly seconds: number };
}

interface Program {
  readonly kind?: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Job';
  readonly script?: string;
  readonly replicas?: number;
  readonly version?: string;
  readonly container?: Manifest;
  readonly pod?: Manifest;
  readonly spec?: Manifest;
}

const idle = "trap 'exit 0' TERM; sleep 100000 & wait";
const web =
  "mkdir -p /tmp/www; echo fine > /tmp/www/health; trap 'exit 0' TERM; busybox httpd -f -p 8080 -h /tmp/www & wait";
/** Fails its first two runs; the count outlives a container, not its pod. */
const thirdTime = (then: string) =>
  `n=$(cat /count/n 2>/dev/null || echo 0); echo $((n+1)) > /count/n; [ $n -ge 2 ] || { echo "try $n: nobody answers"; exit 1; }; ${then}`;
const counter = {
  container: { volumeMounts: [{ name: 'count', mountPath: '/count' }] },
  pod: { volumes: [{ name: 'count', emptyDir: {} }] },
};

function probe(port: number, more: Manifest = {}): Manifest {
  return { httpGet: { path: '/health', port }, periodSeconds: 1, ...more };
}

const file = (path: string, more: Manifest = {}): Manifest => ({
  exec: { command: ['test', '-e', path] },
  periodSeconds: 1,
  ...more,
});

function workload(name: string, program: Program = {}): Manifest {
  const { kind = 'Deployment', script = idle, version = '1' } = program;
  const counted = kind === 'Deployment' || kind === 'StatefulSet';
  const selected = kind === 'Job' ? {} : { selector: { matchLabels: { app: name } } };
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name },
    spec: {
      ...(counted ? { replicas: program.replicas ?? 1 } : {}),
      ...selected,
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      ...program.spec,
      template: {
        metadata: { labels: { app: name, version } },
        spec: {
          terminationGracePeriodSeconds: 1,
          ...(kind === 'Job' ? { restartPolicy: 'Never' } : {}),
          containers: [
            {
              name: 'main',
              image: 'orion.example/sh:1',
              command: ['/bin/sh', '-c', script],
              ...program.container,
            },
          ],
          ...program.pod,
        },
      },
    },
  };
}

const serving = { readinessProbe: probe(8080) };
const settings = (data: Manifest): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings' },
  data,
});
const crash = 'echo reading settings; echo "no database today" >&2; exit 3';

/** Stands in images for the registry of the recording, and in what was recorded. */
export const recordedRegistry = 'registry.example';

/** By the name of the file. The registry has one image, `shop/api:1`. */
export const storyPlans: Readonly<Record<string, StoryPlan>> = {
  'rolling-update': {
    title: 'two services with readiness probes, one of them updated',
    before: [
      workload('web', { script: web, replicas: 3, container: serving }),
      workload('api', { script: web, replicas: 2, container: serving }),
    ],
    objects: [
      workload('web', { script: web, replicas: 3, container: serving, version: '2' }),
      workload('api', { script: web, replicas: 2, container: serving }),
    ],
    seconds: 20,
  },
  'first-install': {
    title: 'three services into an empty namespace',
    objects: [
      settings({ LEVEL: 'info' }),
      workload('web', { script: web, replicas: 2, container: serving }),
      workload('api', { script: web, container: serving }),
      workload('worker', {}),
    ],
    seconds: 20,
  },
  'exits-at-once': {
    title: 'exits 3 at once, no probes, after a good release',
    before: [workload('web', { replicas: 2 })],
    objects: [workload('web', { replicas: 2, script: crash, version: '2' })],
    seconds: 40,
  },
  'exits-after-six-seconds': {
    title: 'runs 6 s, then exits 4; no probes',
    objects: [workload('web', { script: 'echo serving; sleep 6; exit 4' })],
    seconds: 45,
  },
  'init-fails': {
    title: 'an init container exits 2',
    objects: [
      workload('web', {
        pod: {
          initContainers: [
            { name: 'migrate', image: 'orion.example/sh:1', command: ['/bin/sh', '-c', 'exit 2'] },
          ],
        },
      }),
    ],
    seconds: 40,
  },
  'heals-after-two-failures': {
    title: 'fails its first two starts, then runs',
    objects: [workload('web', { script: thirdTime(idle), ...counter })],
    seconds: 30,
  },
  'image-not-found': {
    title: 'one image does not exist, the other workload is sound',
    objects: [workload('web', { container: { image: `${recordedRegistry}/shop/web:2` } }), workload('api')],
    seconds: 20,
  },
  'registry-heals': {
    title: 'the registry answers 503 for 15 s, then serves',
    outage: { repository: 'shop/api', status: 503, seconds: 15 },
    objects: [
      workload('web', { container: { image: `${recordedRegistry}/shop/api:1`, imagePullPolicy: 'Always' } }),
    ],
    seconds: 60,
  },
  'wrong-port': {
    title: 'the readiness probe asks the wrong port, the liveness probe the right one',
    before: [workload('web', { script: web, replicas: 2, container: serving })],
    objects: [
      workload('web', {
        script: web,
        replicas: 2,
        container: { readinessProbe: probe(8081), livenessProbe: probe(8080) },
      }),
    ],
    seconds: 25,
  },
  'slow-start': {
    title: 'ready after 45 s, which the startupProbe allows',
    objects: [
      workload('web', {
        script: `sleep 45; touch /tmp/up; ${idle}`,
        container: {
          startupProbe: file('/tmp/up', { failureThreshold: 90 }),
          readinessProbe: file('/tmp/up'),
        },
      }),
    ],
    seconds: 65,
  },
  'liveness-kills': {
    title: 'the liveness probe kills it again and again',
    objects: [
      workload('web', {
        container: { livenessProbe: probe(8080, { failureThreshold: 2 }) },
      }),
    ],
    seconds: 75,
  },
  'out-of-memory': {
    title: 'needs more than its limit at every start',
    objects: [
      workload('web', {
        script: 'echo filling; tail /dev/zero',
        container: { resources: { limits: { memory: '16Mi' } } },
      }),
    ],
    seconds: 40,
  },
  'missing-key': {
    title: 'a variable refers to a key that the ConfigMap lacks',
    objects: [
      settings({ LEVEL: 'info' }),
      workload('web', {
        container: {
          env: [{ name: 'URL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'url' } } }],
        },
      }),
    ],
    seconds: 12,
  },
  'quota-refuses': {
    title: 'a quota has room for one of two pods',
    before: [
      {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'tight' },
        spec: { hard: { pods: '1' } },
      },
    ],
    objects: [workload('web', { replicas: 2 })],
    seconds: 40,
  },
  'second-pod-never-ready': {
    title: 'the second pod of a StatefulSet is never ready',
    objects: [
      workload('db', {
        kind: 'StatefulSet',
        replicas: 3,
        script: `case $HOSTNAME in *-1) ;; *) touch /tmp/up;; esac; ${idle}`,
        container: { readinessProbe: file('/tmp/up') },
      }),
    ],
    seconds: 75,
  },
  'stateful-partition': {
    title: 'a StatefulSet of three updates the last one only: partition 2',
    before: [
      workload('db', {
        kind: 'StatefulSet',
        replicas: 3,
        script: `touch /tmp/up; ${idle}`,
        container: { readinessProbe: file('/tmp/up') },
      }),
    ],
    objects: [
      workload('db', {
        kind: 'StatefulSet',
        replicas: 3,
        version: '2',
        script: `touch /tmp/up; ${idle}`,
        container: { readinessProbe: file('/tmp/up') },
        spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
      }),
    ],
    seconds: 20,
  },
  'job-gives-up': {
    title: 'a Job fails to its backoffLimit',
    objects: [workload('migrate', { kind: 'Job', script: 'exit 1', spec: { backoffLimit: 1 } })],
    seconds: 40,
  },
  'job-third-try': {
    title: 'a Job succeeds on its third try',
    objects: [
      workload('migrate', {
        kind: 'Job',
        script: thirdTime('exit 0'),
        container: counter.container,
        pod: { ...counter.pod, restartPolicy: 'OnFailure' },
        spec: { backoffLimit: 4 },
      }),
    ],
    seconds: 40,
  },
  'daemon-set-update': {
    title: 'a DaemonSet is updated',
    before: [workload('agent', { kind: 'DaemonSet', script: web, container: serving })],
    objects: [workload('agent', { kind: 'DaemonSet', script: web, container: serving, version: '2' })],
    seconds: 20,
  },
  'daemon-set-crashes': {
    title: 'a DaemonSet whose new version exits at once',
    before: [workload('agent', { kind: 'DaemonSet' })],
    objects: [workload('agent', { kind: 'DaemonSet', script: crash, version: '2' })],
    seconds: 40,
  },
};

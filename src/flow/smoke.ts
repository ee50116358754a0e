/**
 * After the rollout: every pod of the release answers on its health and readiness endpoints. The one place that the
 * smoke-tests suite replaces.
 */
import { type Endpoint, endpointsOf, isHealthyStatus } from '../domain/endpoints.ts';
import type { Failure } from '../domain/failure.ts';
import { Fault } from '../domain/fault.ts';
import { type KubernetesObject, titleOf } from '../domain/objects.ts';
import type { EndpointReport } from '../domain/result.ts';
import { endpointLine } from '../report/log-events.ts';
import type { ClusterPort, EndpointAnswer } from './ports.ts';
import type { Run } from './run.ts';

/** A workload of this release with the names of its pods. */
export interface ServingWorkload {
  readonly workload: KubernetesObject;
  /** As they are now: a pod that was scaled down or drained meanwhile need not answer. */
  readonly pods: () => readonly string[];
}

export async function callEndpoints(
  run: Run,
  cluster: ClusterPort,
  namespace: string,
  serving: readonly ServingWorkload[],
): Promise<readonly EndpointReport[]> {
  const calls = serving.flatMap(({ workload, pods }) => {
    const { apiVersion, kind, metadata } = workload;
    const reference = { apiVersion, kind, namespace, name: metadata.name };
    return endpointsOf(workload, reference).flatMap((endpoint) =>
      pods().map((pod) => ({ endpoint, pod, isThere: () => pods().includes(pod) })),
    );
  });
  const reports = await Promise.all(calls.map((call) => callUntilHealthy(run, cluster, namespace, call)));
  return reports.filter((report) => report !== undefined);
}

interface Call {
  readonly endpoint: Endpoint;
  readonly pod: string;
  readonly isThere: () => boolean;
}

/** Tries again at each health interval until the health budget is used up; undefined for a pod that went meanwhile. */
async function callUntilHealthy(
  run: Run,
  cluster: ClusterPort,
  namespace: string,
  { endpoint, pod, isThere }: Call,
): Promise<EndpointReport | undefined> {
  const { healthRetries, healthInterval } = run.settings;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await cluster.callPod({ namespace, pod, ...endpoint }).catch(unanswered);
    run.signal.throwIfAborted();
    const passed = isHealthyStatus(answer.status);
    if (!passed && !isThere()) return undefined;
    if (passed || attempt >= healthRetries) {
      const said = answer.status === undefined ? `no answer: ${answer.body}` : `answered ${answer.status}`;
      const report: EndpointReport = {
        workload: endpoint.workload.name,
        pod,
        kind: endpoint.kind,
        address: `:${endpoint.port}${endpoint.path}`,
        passed,
        ...(answer.status === undefined ? {} : { status: answer.status }),
        milliseconds: answer.milliseconds,
        message: `${said}${passed || answer.status === undefined ? '' : `: ${answer.body.slice(0, 200)}`}${attempt > 1 ? ` (attempt ${attempt})` : ''}`,
      };
      run.log.line(endpointLine(report, run.logClock()));
      return report;
    }
    await run.clock.wait(healthInterval, run.signal);
  }
}

/** A connection to the API server that broke is an attempt without an answer. */
function unanswered(error: unknown): EndpointAnswer {
  if (!(error instanceof Fault) || error.reason !== 'cluster-unreachable') throw error;
  return { body: error.message, milliseconds: 0 };
}

/** One failure per workload that has an endpoint that did not pass. */
export function endpointFailures(
  endpoints: readonly EndpointReport[],
  serving: readonly ServingWorkload[],
): readonly Failure[] {
  return serving.flatMap(({ workload }) => {
    const failed = endpoints.filter(
      (endpoint) => endpoint.workload === workload.metadata.name && !endpoint.passed,
    );
    const [first] = failed;
    if (first === undefined) return [];
    const { apiVersion, kind, metadata } = workload;
    const reference = {
      apiVersion,
      kind,
      name: metadata.name,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    };
    return [
      {
        reason: 'endpoint-failed',
        message: `${titleOf(reference)}: the ${first.kind} endpoint ${first.address} of pod ${first.pod} ${first.message}.`,
        remedy:
          'Look at the pod’s log; its probes passed a moment ago, so the answer depends on more than the process being up.',
        objects: [reference],
        chain: [titleOf(reference), `Pod ${first.pod}`],
        logs: [],
        field: [
          'spec',
          'template',
          'spec',
          'containers',
          0,
          first.kind === 'health' ? 'livenessProbe' : 'readinessProbe',
        ],
      },
    ];
  });
}

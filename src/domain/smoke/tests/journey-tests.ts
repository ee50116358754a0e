/** One test for each journey: where each of its steps goes. Pure. */
import { groupKindOf, keyOf, type ObjectReference, referenceOf } from '../../kubernetes/objects.ts';
import { isReady } from '../../status/built-in/pod.ts';
import type { ConfiguredJourney, ConfiguredStep, SmokeConfiguration } from '../configuration.ts';
import type { Judgement } from '../judgement.ts';
import { containerPort, endpointsOf, usualPort } from './endpoint-tests.ts';
import { entryOf } from './service-calls.ts';
import type { JourneyVariables, ServingWorkload, SmokeSubject } from './subject.ts';
import type { DecidedTest, HttpTest, JourneyStep, JourneyTest } from './test.ts';

/** Where one step of a journey goes. */
export type Place = Pick<HttpTest, 'scheme' | 'serverName' | 'verify' | 'reach'> & {
  readonly objects: readonly ObjectReference[];
};

/** Where the steps of a cluster's journeys go: to a pod of this release behind the Service. */
export function journeyTests(
  subject: Pick<SmokeSubject, 'namespace' | 'health' | 'configuration' | 'variables'>,
  workloads: readonly ServingWorkload[],
): readonly (JourneyTest | DecidedTest)[] {
  const { configuration, variables } = subject;
  return plannedJourneys(configuration, variables, (step) => placeInCluster(step, subject, workloads));
}

/** The journeys of a configuration; `placeOf` says where a step goes, or why it cannot go anywhere. */
export function plannedJourneys(
  { journeys }: Pick<SmokeConfiguration, 'journeys'>,
  variables: JourneyVariables,
  placeOf: (step: ConfiguredStep) => Place | Judgement,
): readonly (JourneyTest | DecidedTest)[] {
  return Object.entries(journeys).map(([name, journey]) =>
    planned(name, journey, variables.get(name) ?? {}, placeOf),
  );
}

function planned(
  name: string,
  { steps }: ConfiguredJourney,
  values: Readonly<Record<string, string | undefined>>,
  placeOf: (step: ConfiguredStep) => Place | Judgement,
): JourneyTest | DecidedTest {
  const places = steps.map(placeOf);
  const wrong = places.find(isJudgement);
  const found = places.flatMap((place) => (isJudgement(place) ? [] : [place]));
  const objects = new Map(found.flatMap((place) => place.objects).map((one) => [keyOf(one), one]));
  const [first] = found;
  const identity = {
    id: `${name}/journey`,
    subject: name,
    kind: 'journey' as const,
    title: `Journey ${name}`,
    address: first === undefined ? name : `${first.scheme}://${first.serverName}`,
    objects: [...objects.values()],
  };
  const unset = Object.keys(values).filter((variable) => values[variable] === undefined);
  if (unset.length > 0) {
    return { ...identity, what: 'decided', judgement: variablesUnset(identity.title, unset) };
  }
  if (wrong !== undefined) {
    return {
      ...identity,
      what: 'decided',
      judgement: { ...wrong, message: `${identity.title}: ${wrong.message}` },
    };
  }
  return {
    ...identity,
    ...(first?.reach.type === 'pod' ? { pod: first.reach.pod } : {}),
    what: 'journey',
    values: values as Readonly<Record<string, string>>,
    steps: found.map(({ objects: _, ...place }, index) => ({
      ...place,
      ...stepOf(steps, index),
    })),
  };
}

function isJudgement(place: Place | Judgement): place is Judgement {
  return 'outcome' in place;
}

function stepOf(steps: readonly ConfiguredStep[], index: number): Pick<JourneyStep, 'title' | 'step'> {
  const step = steps[index] as ConfiguredStep;
  const call = `${step.method} ${step.path}`;
  const what = step.name === undefined ? call : `${step.name}: ${call}`;
  return { title: `step ${index + 1} of ${steps.length} (${what})`, step };
}

function variablesUnset(title: string, names: readonly string[]): Judgement {
  return {
    outcome: 'inconclusive',
    reason: 'variable-unset',
    message: `${title} was not tested: nothing is set for ${names.join(', ')}.`,
    remedy:
      'Set what `variables` refers to: `env` of the workflow step for a variable of the job, or the Secret and its key.',
  };
}

function placeInCluster(
  { service: name, port }: ConfiguredStep,
  { namespace, health, configuration }: Pick<SmokeSubject, 'namespace' | 'health' | 'configuration'>,
  workloads: readonly ServingWorkload[],
): Place | Judgement {
  const service = [...health.values()].find(
    (one) =>
      groupKindOf(one) === 'Service' && one.metadata.namespace === namespace && one.metadata.name === name,
  );
  const entry = service && entryOf(service, workloads, configuration);
  const behind = entry?.behind ?? workloads.find(({ reference }) => reference.name === name);
  if (behind === undefined) return nothingCalled(name);
  const pod = behind.pods.find(isReady)?.metadata.name;
  if (pod === undefined) return nobodyReady(name);
  const { workload } = behind;
  const number = port === undefined ? (entry?.target ?? usualPort(workload)) : containerPort(port, workload);
  if (number === undefined) return noPort(name, port);
  return {
    scheme: endpointsOf(workload, []).find((one) => one.port === number)?.scheme ?? 'http',
    serverName: `${name}.${namespace}`,
    // As for all that is called in a pod: the certificate is mostly that of an authority of the cluster’s own.
    verify: false,
    reach: { type: 'pod', pod, port: number },
    objects: [...(service === undefined ? [] : [referenceOf(service)]), behind.reference],
  };
}

function nothingCalled(name: string): Judgement {
  return {
    outcome: 'failed',
    reason: 'endpoints-missing',
    message: `there is no Service or workload ${name} of this release.`,
    remedy: 'Correct `service` of the journey in orion.yaml, or add the Service to the overlay.',
  };
}

function nobodyReady(name: string): Judgement {
  return {
    outcome: 'failed',
    reason: 'pods-not-ready',
    message: `no pod of this release is ready behind ${name}.`,
    remedy: 'Check the events and logs of the pods that are not ready.',
  };
}

function noPort(name: string, port: string | number | undefined): Judgement {
  return {
    outcome: 'inconclusive',
    reason: 'no-route',
    message: `the pods of ${name} have no port ${port ?? 'that is known'}.`,
    remedy: 'Name the container port in the step (`port`), or in `ports` of the container.',
  };
}

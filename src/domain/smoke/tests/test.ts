/** A planned smoke test: what is called, over which route, and the expected result. */
import type { ObjectReference } from '../../kubernetes/objects.ts';
import type { FieldPath } from '../../kubernetes/source-location.ts';
import type { AnswerExpectations, ConfiguredStep } from '../configuration.ts';
import type { DatabaseTls, Login } from '../databases/protocol.ts';
import type { HttpRequest, HttpTarget } from '../http/http-answer.ts';
import type { JourneyValues } from '../journeys/journeys.ts';
import type { Judgement } from '../judgement.ts';
import { type DatabaseKind, isDatabaseKind, type SmokeKind } from '../report.ts';

/** How the target is dialled. `pod`: this pod, over a route through the API server. */
export type Reach =
  | { readonly type: 'direct'; readonly host: string; readonly port: number }
  | { readonly type: 'pod'; readonly pod: string; readonly port: number };

interface Identity {
  readonly id: string;
  readonly subject: string;
  readonly kind: SmokeKind;
  /** Begins the sentence of the judgement: `Readiness endpoint :8080/ready of pod auth-6f7c9-abcde`. */
  readonly title: string;
  /** Never with a password. */
  readonly address: string;
  readonly pod?: string;
  readonly objects: readonly ObjectReference[];
  readonly field?: FieldPath;
  /** Why a missing response proves nothing: `this machine is not where the pods are`. */
  readonly doubt?: string;
}

/** One HTTP request, to one pod or to an address of the environment `local`. */
export interface HttpTest extends Identity {
  readonly what: 'http';
  readonly scheme: 'http' | 'https';
  /** What the Host header, SNI and the certificate say. */
  readonly serverName: string;
  /** False for pods: the kubelet does not look at their certificates either. */
  readonly verify: boolean;
  readonly reach: Reach;
  readonly request: HttpRequest;
  readonly expect: AnswerExpectations;
  /** PEM of authorities to trust beside the usual ones. */
  readonly ca?: string;
  /** From when its author lets it count, milliseconds since the epoch; before that a bad answer is none. */
  readonly countsFrom?: number;
  /** True if nothing is known to answer before that: then it is not asked either. */
  readonly waits?: true;
}

/** One login to a database by one way. */
export interface DatabaseTest extends Identity {
  readonly what: DatabaseKind;
  readonly reach: Reach;
  /** The name in the URL, for TLS. */
  readonly serverName: string;
  readonly user?: string;
  readonly password?: string;
  /** The name or number of the database on the server; absent where the settings name none. */
  readonly database?: string;
  readonly tls: DatabaseTls;
  /** Whether a refused login is the workload's fault, or may be ours. */
  readonly login: Login;
  /** Said to be for reading only: that it takes no writes is right. */
  readonly replica?: true;
  /** By orion.yaml: from where it is asked, whatever else would be tried. */
  readonly from?: 'runner' | 'cluster';
}

/** A way to call a Service. In the cluster or by the API server's proxy its name is enough; the others need an address. */
export type ServiceWay =
  | { readonly route: 'cluster-job' | 'api-proxy'; readonly title: string }
  | {
      readonly route: 'load-balancer' | 'ingress' | 'gateway' | 'cluster-ip';
      readonly title: string;
      readonly target: HttpTarget;
    };

/** A Service as a whole, by the first way that decides. */
export interface ServiceTest
  extends Identity,
    Pick<HttpTest, 'scheme' | 'serverName' | 'request' | 'expect'> {
  readonly what: 'service';
  /** No port of it leads to an endpoint that we know: all that is asked is that somebody listens. */
  readonly anyAnswer: boolean;
  readonly service: string;
  /** Its name inside. */
  readonly host: string;
  readonly port: number;
  /** A ready pod behind that port; absent where none is known. */
  readonly backing?: { readonly pod: string; readonly port: number };
  readonly ways: readonly ServiceWay[];
}

/** The response times of an endpoint that answered well. */
export interface LatencyTest extends Omit<HttpTest, 'what'> {
  readonly what: 'latency';
  /** Milliseconds that p95 may not exceed. */
  readonly threshold: number;
}

/** One request of a journey, and where it goes. */
export interface JourneyStep extends Pick<HttpTest, 'scheme' | 'serverName' | 'verify' | 'reach'> {
  /** `step 2 of 3 (GET /orders/${id})`, without any value. */
  readonly title: string;
  readonly step: ConfiguredStep;
}

/** Requests in a row, which use what earlier ones brought. */
export interface JourneyTest extends Identity {
  readonly what: 'journey';
  readonly steps: readonly JourneyStep[];
  /** Its variables. */
  readonly values: JourneyValues;
}

/** What the objects of the cluster say already. */
export interface DecidedTest extends Identity {
  readonly what: 'decided';
  readonly judgement: Judgement;
}

/** Any smoke test, told apart by `what`. */
export type SmokeTest = HttpTest | ServiceTest | DatabaseTest | LatencyTest | JourneyTest | DecidedTest;

/** Whether its `what` is a database protocol. */
export function isDatabaseTest(test: SmokeTest): test is DatabaseTest {
  return isDatabaseKind(test.what);
}

import { Counter, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly contentType: string;
  readonly text: () => Promise<string>;
  readonly observe: (path: string, status: number, seconds: number) => void;
}

/** Requests, errors (status 500 and above) and latency by path, in Prometheus' text format. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  const registers = [registry];
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'HTTP requests answered.',
    labelNames: ['path', 'status'],
    registers,
  });
  const errors = new Counter({
    name: 'http_request_errors_total',
    help: 'HTTP requests answered with a status of 500 or above.',
    labelNames: ['path'],
    registers,
  });
  const latency = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from request to answer.',
    labelNames: ['path'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    observe: (path, status, seconds) => {
      requests.inc({ path, status });
      if (status >= 500) errors.inc({ path });
      latency.observe({ path }, seconds);
    },
  };
}

import { describe, expect, test } from 'vitest';
import { firstEvidence, lastNeeded } from '../../../../bench/judge/evidence.ts';
import {
  isWrite,
  type KubernetesObject,
  type LoggedRequest,
  type SeenObject,
  timeline,
  type Write,
} from '../../../../bench/judge/writes.ts';

function pod(name: string, restarts: number, state: object = {}): KubernetesObject {
  return { metadata: { name }, status: { containerStatuses: [{ restartCount: restarts, state }] } };
}

function write(at: number, object: KubernetesObject, more: Partial<Write> = {}): Write {
  return {
    resource: 'pods',
    subresource: 'status',
    verb: 'patch',
    name: object.metadata.name,
    code: 200,
    message: '',
    at,
    object,
    ...more,
  };
}

const ended = { terminated: { exitCode: 3 } };
const thirdEnd = {
  resource: 'pods',
  where: '$.status.containerStatuses[?(@.restartCount==2 && @.state.terminated)]',
};

describe('the write that carries the evidence', () => {
  const writes = [
    write(1, pod('a', 0, ended)),
    write(2, pod('a', 2, { running: {} })),
    write(3, pod('b', 2, ended)),
    write(4, pod('a', 2, ended)),
  ];

  test('is the first that matches resource and path', () => {
    expect(firstEvidence(writes, [thirdEnd])?.at).toBe(3);
    expect(firstEvidence(writes, [{ ...thirdEnd, name: '^a' }])?.at).toBe(4);
    expect(firstEvidence(writes, [{ ...thirdEnd, resource: 'events' }])).toBeUndefined();
  });

  test('is the first of several patterns', () => {
    const running = { resource: 'pods', where: '$..state.running' };
    expect(firstEvidence(writes, [thirdEnd, running])?.at).toBe(2);
  });

  test('is the n-th of one object, and the same value again does not count', () => {
    const restarts = { resource: 'pods', where: '$.status.containerStatuses[0].restartCount', count: 3 };
    const several = [
      write(1, pod('a', 0)),
      write(2, pod('b', 0)),
      write(3, pod('a', 0)),
      write(4, pod('a', 1)),
      write(5, pod('b', 1)),
      write(6, pod('a', 2)),
    ];
    expect(firstEvidence(several, [restarts])?.at).toBe(6);
    expect(firstEvidence(several, [{ ...restarts, count: 4 }])).toBeUndefined();
  });

  test('is that of the n-th object, where pods take turns', () => {
    const turns = [
      write(1, pod('a', 0, ended)),
      write(2, pod('b', 0, ended)),
      write(3, pod('b', 1, ended)),
      write(4, pod('c', 0, ended)),
    ];
    const end = { resource: 'pods', where: '$.status.containerStatuses[?(@.state.terminated)]' };
    expect(firstEvidence(turns, [{ ...end, objects: 3 }])?.at).toBe(4);
    expect(firstEvidence(turns, [{ ...end, objects: 4 }])).toBeUndefined();
  });

  test('may be a refusal, by code and message', () => {
    const refusal = write(7, pod('x', 0), { code: 403, message: 'exceeded quota: tight' });
    const { object: _, ...bare } = refusal;
    const pattern = { resource: 'pods', code: 403, message: 'QUOTA' };
    expect(firstEvidence([...writes, bare], [pattern])?.at).toBe(7);
    expect(firstEvidence([...writes, bare], [{ ...pattern, message: 'webhook' }])).toBeUndefined();
  });

  test('a refused write is no evidence of an object', () => {
    expect(firstEvidence([write(1, pod('a', 2, ended), { code: 409 })], [thirdEnd])).toBeUndefined();
  });
});

describe('the last needed change', () => {
  const ready = { resource: 'pods', where: '$.status.containerStatuses[?(@.restartCount==2)]' };
  const writes = [
    write(1, pod('a', 2)),
    write(2, pod('a', 1)),
    write(3, pod('a', 2)),
    write(4, pod('b', 2)),
    write(5, pod('a', 2)),
    write(6, pod('b', 2)),
  ];

  test('is the one since which the last object matches without a break', () => {
    expect(lastNeeded(writes, [ready])?.at).toBe(4);
    expect(lastNeeded(writes, [{ ...ready, name: '^a' }])?.at).toBe(3);
    expect(lastNeeded(writes, [{ ...ready, name: '^a' }, ready])?.at).toBe(4);
  });

  test('is looked for up to the verdict', () => {
    expect(lastNeeded(writes, [ready], 2.5)).toBeUndefined();
    expect(lastNeeded(writes, [ready], 3.5)?.at).toBe(3);
  });

  test('is a change of the matched value too', () => {
    const changed = write(7, pod('b', 2, { running: {} }));
    expect(lastNeeded([...writes, changed], [ready])?.at).toBe(7);
  });
});

function logged(receivedAt: number, more: Partial<LoggedRequest> = {}): LoggedRequest {
  return {
    verb: 'patch',
    requestURI: '/api/v1/namespaces/n/pods/a/status',
    resource: 'pods',
    subresource: 'status',
    namespace: 'n',
    name: 'a',
    code: 200,
    message: '',
    user: 'kubelet',
    receivedAt,
    answeredAt: receivedAt + 2,
    ...more,
  };
}

function seen(arrivedAt: number, restarts: number, event: SeenObject['event'] = 'MODIFIED'): SeenObject {
  return { resource: 'pods', event, object: pod('a', restarts), arrivedAt };
}

describe('a timeline of log and watch', () => {
  test('in order where counts agree, however late the watch was', () => {
    const writes = timeline([logged(10), logged(20)], [seen(90, 1), seen(91, 2)]);
    expect(writes.map(({ at, object }) => [at, object?.status])).toEqual([
      [10, pod('a', 1).status],
      [20, pod('a', 2).status],
    ]);
  });

  test('else the last write before the change was seen', () => {
    const writes = timeline([logged(10), logged(20), logged(30)], [seen(12, 1), seen(25, 2)]);
    expect(writes.map(({ object }) => object?.status)).toEqual([
      pod('a', 1).status,
      pod('a', 2).status,
      undefined,
    ]);
  });

  test('a body in the log wins, and what no request is known for has the moment of its arrival', () => {
    const object = pod('a', 7);
    const writes = timeline([logged(10, { object })], [seen(5, 0, 'ADDED'), seen(12, 1)]);
    expect(writes.map(({ at, verb }) => [at, verb])).toEqual([
      [5, 'create'],
      [10, 'patch'],
    ]);
    expect(writes[1]?.object).toBe(object);
  });

  test('reads, dry runs and reviews are no writes', () => {
    expect(isWrite(logged(1))).toBe(true);
    expect(isWrite(logged(1, { verb: 'watch' }))).toBe(false);
    expect(isWrite(logged(1, { requestURI: '/api/v1/pods?dryRun=All&force=true' }))).toBe(false);
    expect(isWrite(logged(1, { verb: 'create', resource: 'selfsubjectaccessreviews' }))).toBe(false);
  });
});

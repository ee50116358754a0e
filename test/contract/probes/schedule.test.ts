import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { type Call, runSchedule } from '../../../src/probes/schedule.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Endpoint {
  readonly call: Call;
  readonly arrivals: readonly number[];
  readonly maxAtOnce: () => number;
}

/** A real server that answers each request as `answer` says: after so many milliseconds, with that status; and a call of it. */
async function endpoint(
  answer: (index: number, elapsed: number) => { readonly after: number; readonly status?: number },
): Promise<Endpoint> {
  const arrivals: number[] = [];
  let [open, most] = [0, 0];
  const server: Server = createServer((_incoming, response) => {
    arrivals.push(performance.now());
    open += 1;
    most = Math.max(most, open);
    response.on('close', () => {
      open -= 1;
    });
    const { after, status = 200 } = answer(arrivals.length - 1, performance.now() - (arrivals[0] ?? 0));
    setTimeout(() => response.writeHead(status).end('ok'), after);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = new Agent();
  closing.push(() => agent.destroy());
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const call: Call = async (signal) => {
    const { statusCode, body } = await request(url, { dispatcher: agent, signal });
    await body.dump();
    return statusCode === 200 ? true : `status ${statusCode}`;
  };
  return { call, arrivals, maxAtOnce: () => most };
}

const forever = new AbortController().signal;
const base = { requests: 40, rate: 100, maxInFlight: 100, timeout: 5000 };

describe('a fixed schedule of requests: when they are sent and given up', () => {
  it('sends none before it is due, so that no fast answer takes less than no time', async () => {
    const samples = await runSchedule(async () => true, { ...base, requests: 100, rate: 200 }, forever);
    expect(samples.filter(({ milliseconds }) => milliseconds < 0)).toEqual([]);
  });

  it('sends at the rate whether answers come or not', async () => {
    const { call, arrivals, maxAtOnce } = await endpoint(() => ({ after: 300 }));
    const began = performance.now();
    const samples = await runSchedule(call, base, forever);
    expect(samples.length).toBe(40);
    expect(samples.every(({ ok, milliseconds }) => ok && milliseconds >= 299)).toBe(true);
    // A closed loop would have one request open at a time and take 12 s to send them all.
    expect(maxAtOnce()).toBeGreaterThan(10);
    const last = (arrivals.at(-1) ?? 0) - began;
    expect(last).toBeGreaterThanOrEqual(385);
    expect(last).toBeLessThan(3000);
  });

  it('shows a stall in every request that it would have hit', async () => {
    const stall = { from: 100, to: 700 };
    const { call } = await endpoint((_index, elapsed) => ({
      after: elapsed >= stall.from && elapsed < stall.to ? stall.to - elapsed : 0,
    }));
    const samples = await runSchedule(call, { ...base, requests: 100 }, forever);
    // 60 of 100 requests were due in the stall; half of them waited more than half of it.
    const slow = samples.filter(({ milliseconds }) => milliseconds > 250);
    expect(slow.length).toBeGreaterThan(25);
    expect(Math.max(...samples.map(({ milliseconds }) => milliseconds))).toBeGreaterThan(550);
  });

  it('counts the wait for a turn: a bound on requests in flight hides no stall', async () => {
    const { call, maxAtOnce } = await endpoint(() => ({ after: 100 }));
    const samples = await runSchedule(call, { ...base, requests: 20, maxInFlight: 2 }, forever);
    expect(maxAtOnce()).toBe(2);
    // Two at a time of 100 ms each: the last of 20 is done after 1,000 ms, 190 ms after the start it was meant to go.
    expect(samples.at(-1)?.milliseconds).toBeGreaterThan(790);
    expect(samples[0]?.milliseconds).toBeLessThan(samples.at(-1)?.milliseconds ?? 0);
    expect(samples.every(({ ok }) => ok)).toBe(true);
  });

  it('gives a request up at its timeout from the intended start, sent or not', async () => {
    const { call, arrivals } = await endpoint(() => ({ after: 60_000 }));
    const began = performance.now();
    const samples = await runSchedule(call, { ...base, requests: 10, maxInFlight: 3, timeout: 300 }, forever);
    expect(samples.map(({ ok, got }) => ok || got)).toEqual(Array(10).fill('timeout'));
    expect(samples.every(({ milliseconds }) => milliseconds >= 298)).toBe(true);
    expect(performance.now() - began).toBeLessThan(5000);
    // The first three hold all turns until their own time is up; those after them have a little left or nothing.
    expect(arrivals.length).toBeGreaterThanOrEqual(3);
  });

  it('is not held up by a call that does not heed its signal', async () => {
    const samples = await runSchedule(
      () => new Promise(() => {}),
      { ...base, requests: 5, timeout: 100 },
      forever,
    );
    expect(samples.map(({ ok }) => ok)).toEqual(Array(5).fill(false));
  });
});

describe('a fixed schedule of requests: what its samples say, and its abort', () => {
  it('tells good answers from wrong ones and from broken connections', async () => {
    const { call } = await endpoint((index) => ({ after: 0, status: index === 1 ? 503 : 200 }));
    let sent = 0;
    const samples = await runSchedule(
      (signal) => {
        sent += 1;
        if (sent === 3) throw new Error('refused');
        return call(signal);
      },
      { ...base, requests: 4, rate: 10 },
      forever,
    );
    expect(samples.map(({ ok, got }) => (ok ? true : got))).toEqual([
      true,
      'status 503',
      'broken connection',
      true,
    ]);
  });

  it('says how late it was itself', async () => {
    const block = (): void => {
      const end = performance.now() + 200;
      while (performance.now() < end);
    };
    const { call } = await endpoint(() => ({ after: 0 }));
    setTimeout(block, 100);
    const samples = await runSchedule(call, base, forever);
    expect(Math.max(...samples.map(({ lag }) => lag))).toBeGreaterThan(150);
  });

  it('ends at once when it is aborted, with the reason, and sends nothing after', async () => {
    const { call } = await endpoint(() => ({ after: 60_000 }));
    // Counted where it is sent: what went just before the end may arrive after it.
    let sent = 0;
    const counted: Call = (signal) => {
      sent += 1;
      return call(signal);
    };
    const abort = new AbortController();
    const reason = new Error('the run was cancelled');
    setTimeout(() => abort.abort(reason), 150);
    const began = performance.now();
    await expect(runSchedule(counted, { ...base, requests: 1000 }, abort.signal)).rejects.toBe(reason);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(sent).toBeGreaterThan(0);
    const before = sent;
    await sleep(100);
    expect(sent).toBe(before);
  });
});

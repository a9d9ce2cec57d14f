import { Agent, request } from 'node:http';
import { stamp } from './payloads.mjs';

function post(agent, url, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
    const sent = request(url, { agent, method: 'POST', headers }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

export function percentile(sorted, share) {
  return sorted.length === 0
    ? Number.NaN
    : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/**
 * Sends payloads over some connections, one request at a time each, for some seconds.
 *
 * @param options.perSecond records per second for all connections together; absent: as fast as it goes.
 */
export async function load(url, signal, payloads, { connections = 8, seconds = 10, records, perSecond }) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const target = `${url}/v1/${signal}`;
  const latenciesMs = [];
  const statuses = new Map();
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1000;
  const pauseMs = perSecond === undefined ? 0 : (1000 * records * connections) / perSecond;
  let accepted = 0;
  async function connection(index) {
    let number = index;
    let dueMs = startedMs + (pauseMs * index) / connections;
    while (performance.now() < endMs) {
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      const payload = payloads[number % payloads.length];
      number += connections;
      stamp(payload, Date.now());
      const sentMs = Math.max(pauseMs === 0 ? 0 : dueMs, pauseMs === 0 ? performance.now() : 0);
      const status = await post(agent, target, payload.body);
      latenciesMs.push(performance.now() - sentMs);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 200) accepted += records;
      else await new Promise((resolve) => setTimeout(resolve, 100));
      dueMs += pauseMs;
    }
  }
  await Promise.all(Array.from({ length: connections }, (_, index) => connection(index)));
  agent.destroy();
  latenciesMs.sort((a, b) => a - b);
  const tookS = (performance.now() - startedMs) / 1000;
  return {
    accepted,
    tookS,
    perSecond: accepted / tookS,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    statuses,
  };
}

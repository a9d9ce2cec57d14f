import { attribute, Message } from './protobuf.mjs';

/** A small generator with a seed, so that runs are alike. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

const words =
  'the agent reads a file then edits it and runs tests until they pass or time ends error retry cache token model request tool'.split(
    ' ',
  );

function sentence(next, bytes) {
  let out = '';
  while (out.length < bytes) out += `${words[Math.floor(next() * words.length)]} `;
  return out.slice(0, bytes);
}

function bytes(next, count) {
  return Uint8Array.from({ length: count }, () => Math.floor(next() * 256));
}

function resource(index) {
  const inner = new Message();
  inner.message(1, attribute('service.name', `bench-${index}`));
  inner.message(1, attribute('service.instance.id', `instance-${index}`));
  inner.message(1, attribute('service.namespace', 'bench'));
  inner.message(1, attribute('host.name', 'localhost'));
  return inner;
}

const scope = new Message().string(1, 'bench').string(2, '1.0.0');

function attributes(target, field, next, index) {
  target.message(field, attribute('http.route', `/api/items/${Math.floor(next() * 50)}`));
  target.message(field, attribute('http.request.method', next() < 0.7 ? 'GET' : 'POST'));
  target.message(field, attribute('http.response.status_code', next() < 0.95 ? 200 : 500));
  target.message(field, attribute('user.id', `user-${Math.floor(next() * 5000)}`));
  target.message(field, attribute('duration_ms', next() * 1000));
  target.message(field, attribute('cache.hit', next() < 0.5));
  target.message(field, attribute('thread.id', Math.floor(next() * 64)));
  target.message(field, attribute('load.seq', String(index).padStart(14, '0')));
}

function logRecord(next, index) {
  const record = new Message().time(1).time(11).uint(2, 9).string(3, 'INFO');
  record.message(5, new Message().string(1, sentence(next, 560)));
  attributes(record, 6, next, index);
  record.message(6, attribute('code.function', 'handleRequest'));
  record.message(6, attribute('code.file.path', 'src/http/handler.ts'));
  record.message(6, attribute('deployment.environment', 'bench'));
  record.message(6, attribute('message.kind', 'request'));
  return record.raw(9, bytes(next, 16)).raw(10, bytes(next, 8));
}

function span(next, index) {
  const inner = new Message().raw(1, bytes(next, 16)).raw(2, bytes(next, 8)).raw(4, bytes(next, 8));
  inner
    .string(5, `GET /api/items/${Math.floor(next() * 50)}`)
    .uint(6, 2)
    .time(7)
    .time(8);
  attributes(inner, 9, next, index);
  return inner.message(15, new Message().uint(3, 1));
}

function point(next, series) {
  const inner = new Message()
    .time(2)
    .time(3)
    .double(4, Math.floor(next() * 1e6));
  inner.message(7, attribute('route', `/r/${series % 100}`));
  inner.message(7, attribute('instance', `i-${Math.floor(series / 100)}`));
  inner.message(7, attribute('method', 'GET'));
  return inner;
}

const builders = {
  logs: (next, first, count) => {
    const group = new Message().message(1, scope);
    for (let i = 0; i < count; i++) group.message(2, logRecord(next, first + i));
    return group;
  },
  traces: (next, first, count) => {
    const group = new Message().message(1, scope);
    for (let i = 0; i < count; i++) group.message(2, span(next, first + i));
    return group;
  },
  metrics: (next, first, count) => {
    const sum = new Message().uint(2, 2).uint(3, 1);
    for (let i = 0; i < count; i++) sum.message(1, point(next, (first + i) % 10_000));
    const metric = new Message().string(1, 'bench.requests').string(3, '1').message(7, sum);
    return new Message().message(1, scope).message(2, metric);
  },
};

/**
 * Export requests of `records` records from four resources.
 * @returns {{ body: Buffer, times: number[] }[]}
 */
export function payloads(signal, { count, records, seed = 1 }) {
  const next = random(seed);
  return Array.from({ length: count }, (_, index) => {
    const request = new Message();
    for (let part = 0; part < 4; part++) {
      const group = builders[signal](next, index * records + part * (records / 4), records / 4);
      request.message(1, new Message().message(1, resource(part)).message(2, group));
    }
    return { body: Buffer.from(request.bytes), times: request.times };
  });
}

/** Overwrites every time in a payload; consecutive records are a microsecond apart. */
export function stamp(payload, nowMs) {
  const baseNs = BigInt(nowMs) * 1_000_000n;
  payload.times.forEach((offset, index) => {
    payload.body.writeBigUInt64LE(baseNs + BigInt(index) * 1000n, offset);
  });
}

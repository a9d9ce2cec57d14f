// How fast OTLP requests become columns: records and megabytes per CPU-second of one core, beside the plain way of decoding, which makes
// objects and strings. Nothing is written. Usage: node bench/decode-otlp.mjs [seconds per row].
import {
  createBatch,
  decodeLogsJson,
  decodeLogsProtobuf,
  decodeTracesJson,
  decodeTracesProtobuf,
  MemoryStreamRegistry,
} from './lib/decoders.mjs';
import { payloads, stamp } from './lib/payloads.mjs';
import { appendPlainLogs, appendPlainSpans, plainLogs, plainSpans } from './lib/plain-decoder.mjs';

const SECONDS = Number(process.argv[2] ?? 2);
const RECORDS = 500;
/** The writer takes the columns about this often. */
const REQUESTS_PER_BLOCK = 20;

const nowMs = Date.now();
const limits = {
  bodyBytes: 64 * 1024 * 1024,
  recordsPerRequest: 100_000,
  attributesPerRecord: 128,
  valueBytes: 65_536,
  valueDepth: 16,
  maxAgeMs: 30 * 86_400_000,
  maxFutureMs: 600_000,
};

function prepared(signal) {
  const list = payloads(signal, { count: 40, records: RECORDS });
  for (const payload of list) stamp(payload, nowMs);
  return list.map(({ body }) => body);
}

/** Runs `decode` over the bodies for some CPU-seconds, after a warm-up of a third of that; records per CPU-second. */
function measure(bodies, table, decode) {
  const batch = createBatch();
  const streams = new MemoryStreamRegistry();
  const context = { batch, nowMs, limits, streams, observer: undefined };
  const columns = [...Object.values(batch[table]), ...Object.values(batch.streams)];
  let requests = 0;
  const pass = (seconds) => {
    const started = process.cpuUsage();
    let bytes = 0;
    let count = 0;
    for (;;) {
      for (const body of bodies) {
        decode(body, context);
        bytes += body.length;
        count += RECORDS;
        if (++requests % REQUESTS_PER_BLOCK === 0) for (const column of columns) column.clear();
      }
      const { user, system } = process.cpuUsage(started);
      const tookS = (user + system) / 1e6;
      if (tookS >= seconds) return { perS: count / tookS, mbPerS: bytes / 1e6 / tookS };
    }
  };
  pass(SECONDS / 3);
  return pass(SECONDS);
}

const logs = prepared('logs');
const spans = prepared('traces');
const logsJson = [];
const spansJson = [];
for (const [from, to, name] of [
  [logs, logsJson, 'logs'],
  [spans, spansJson, 'traces'],
]) {
  const { toJson } = await import('./lib/plain-json.mjs');
  for (const body of from.slice(0, 10)) to.push(Buffer.from(JSON.stringify(toJson(name, body))));
}

const rows = [
  ['logs, protobuf', logs, 'logs', decodeLogsProtobuf],
  ['logs, protobuf, plain', logs, 'logs', (body, { batch }) => appendPlainLogs(batch.logs, plainLogs(body))],
  ['logs, JSON', logsJson, 'logs', decodeLogsJson],
  ['spans, protobuf', spans, 'spans', decodeTracesProtobuf],
  [
    'spans, protobuf, plain',
    spans,
    'spans',
    (body, { batch }) => appendPlainSpans(batch.spans, plainSpans(body)),
  ],
  ['spans, JSON', spansJson, 'spans', decodeTracesJson],
];

console.log(
  `${'decoder'.padEnd(26)}${'bytes/record'.padStart(14)}${'records/s'.padStart(14)}${'MB/s'.padStart(10)}`,
);
for (const [name, bodies, table, decode] of rows) {
  const { perS, mbPerS } = measure(bodies, table, decode);
  const size = Math.round(bodies.reduce((sum, { length }) => sum + length, 0) / bodies.length / RECORDS);
  console.log(
    name.padEnd(26) +
      String(size).padStart(14) +
      Math.round(perS).toLocaleString('en').padStart(14) +
      mbPerS.toFixed(0).padStart(10),
  );
}

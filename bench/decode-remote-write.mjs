// How fast remote-write requests become columns: samples per CPU-second of one core, snappy included, over series that come back in
// every request and over series never seen before. Nothing is written. Usage: node bench/decode-remote-write.mjs [seconds per row].
import { MemoryStreamRegistry } from '../dist/ingest/index.js';
import {
  createRemoteWriteState,
  decodeRemoteWriteV1,
  decodeRemoteWriteV2,
} from '../dist/ingest/protocols/remote-write/index.js';
import { snappyCompress, snappyOutputBytes, snappyUncompress } from '../dist/lib/snappy.js';
import { createBatch } from '../dist/store/index.js';

const SECONDS = Number(process.argv[2] ?? 2);
const SERIES = 10_000;
const SAMPLES_PER_REQUEST = 2000;
/** Scrapes that are prepared; their requests are sent over and over. */
const STEPS = 4;
/** The writer takes the columns about this often. */
const REQUESTS_PER_BLOCK = 10;

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

/** Ten labels, about 250 bytes, as node_exporter behind Kubernetes discovery has them. */
function labelsOf(n) {
  return [
    ['__name__', `node_metric_${Math.floor(n / 40) % 250}_seconds_total`],
    ['cluster', 'production-eu-1'],
    ['cpu', String(n % 8)],
    ['instance', `10.0.${Math.floor(n / 1000)}.17:9100`],
    ['job', 'node-exporter'],
    ['mode', ['idle', 'user', 'system', 'iowait', 'steal'][n % 5]],
    ['namespace', 'monitoring'],
    ['node', `ip-10-0-${Math.floor(n / 1000)}-17.eu-central-1.compute.internal`],
    ['pod', `node-exporter-${Math.floor(n / 1000)}x7k2p`],
    ['service', 'node-exporter'],
  ];
}

function varint(value) {
  const bytes = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function field(number, bytes) {
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function sampleOf(step, n) {
  const value = Buffer.alloc(9, 0x09);
  value.writeDoubleLE(n * 1000 + step * ((n % 17) + 0.25), 1);
  return Buffer.concat([value, Buffer.from([0x10]), varint(nowMs - 60_000 + step * 15_000)]);
}

function bodyV1(first, step) {
  const series = [];
  for (let n = first; n < first + SAMPLES_PER_REQUEST; n++) {
    const labels = labelsOf(n).map(([name, value]) =>
      field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))])),
    );
    series.push(field(1, Buffer.concat([...labels, field(2, sampleOf(step, n))])));
  }
  return Buffer.concat(series);
}

function bodyV2(first, step) {
  const symbols = new Map([['', 0]]);
  const refOf = (text) => {
    if (!symbols.has(text)) symbols.set(text, symbols.size);
    return symbols.get(text);
  };
  const series = [];
  for (let n = first; n < first + SAMPLES_PER_REQUEST; n++) {
    const refs = labelsOf(n).flatMap((label) => label.map((text) => varint(refOf(text))));
    const help = varint(refOf('Seconds the CPUs spent in each mode.'));
    const metadata = Buffer.concat([Buffer.from([0x08, 1, 0x18]), help]);
    const parts = [field(1, Buffer.concat(refs)), field(2, sampleOf(step, n)), field(5, metadata)];
    series.push(field(5, Buffer.concat(parts)));
  }
  return Buffer.concat([...[...symbols.keys()].map((text) => field(4, Buffer.from(text))), ...series]);
}

function requests(encode) {
  const bodies = [];
  for (let step = 0; step < STEPS; step++) {
    for (let first = 0; first < SERIES; first += SAMPLES_PER_REQUEST) bodies.push(encode(first, step));
  }
  return bodies;
}

function measure(bodies, decode, isAlwaysNew) {
  const batch = createBatch();
  const columns = Object.values(batch).flatMap((rows) => Object.values(rows));
  const memory = new Uint8Array(snappyOutputBytes(4 * 1024 * 1024));
  let streams = new MemoryStreamRegistry();
  let state = createRemoteWriteState();
  let count = 0;
  const pass = (seconds) => {
    const started = process.cpuUsage();
    const startedMs = performance.now();
    let samples = 0;
    for (;;) {
      if (isAlwaysNew) {
        streams = new MemoryStreamRegistry();
        state = createRemoteWriteState();
      }
      for (const packed of bodies) {
        const body = snappyUncompress(packed, limits.bodyBytes, memory);
        samples += decode(body, { batch, nowMs, limits, streams, observer: undefined }, state).written
          .samples;
        if (++count % REQUESTS_PER_BLOCK === 0) for (const column of columns) column.clear();
      }
      const { user, system } = process.cpuUsage(started);
      const cpuS = (user + system) / 1e6;
      if (cpuS < seconds) continue;
      return { perCpuS: samples / cpuS, perS: samples / ((performance.now() - startedMs) / 1000) };
    }
  };
  pass(SECONDS / 3);
  return pass(SECONDS);
}

console.log(
  `${SERIES} series, ${SAMPLES_PER_REQUEST} samples per request, snappy included, ${SECONDS} CPU-seconds per row`,
);
const v1 = requests(bodyV1);
const v2 = requests(bodyV2);
for (const [name, raw, decode, isNew] of [
  ['1.0', v1, decodeRemoteWriteV1, false],
  ['1.0, new series', v1.slice(0, SERIES / SAMPLES_PER_REQUEST), decodeRemoteWriteV1, true],
  ['2.0', v2, decodeRemoteWriteV2, false],
  ['2.0, new series', v2.slice(0, SERIES / SAMPLES_PER_REQUEST), decodeRemoteWriteV2, true],
]) {
  const packed = raw.map((body) => snappyCompress(body));
  const { perCpuS, perS } = measure(packed, decode, isNew);
  const bytes = raw.reduce((sum, body) => sum + body.length, 0) / raw.length / SAMPLES_PER_REQUEST;
  const figures = [perCpuS, perS].map((value) => Math.round(value).toLocaleString('en').padStart(11));
  console.log(
    `${name.padEnd(18)} ${figures[0]} samples per CPU-second ${figures[1]} per second ${Math.round(bytes)} B`,
  );
}

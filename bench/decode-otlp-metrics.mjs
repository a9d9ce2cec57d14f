// How fast OTLP metric requests become columns: points per CPU-second of one core, over series that come back in every request and
// over series never seen before. Nothing is written. Usage: node bench/decode-otlp-metrics.mjs [seconds per row].
import { MemoryStreamRegistry } from '../dist/ingest/index.js';
import { decodeMetricsJson } from '../dist/ingest/protocols/otlp/metrics-json.js';
import { decodeMetricsProtobuf } from '../dist/ingest/protocols/otlp/metrics-protobuf.js';
import {
  attributesOf,
  encodeMetricsRequest,
  requestOf,
} from '../dist/ingest/protocols/otlp/metrics-test-kit.js';
import { createBatch } from '../dist/store/index.js';

const SECONDS = Number(process.argv[2] ?? 2);
const SERIES = 10_000;
const METRICS = 100;
const POINTS_PER_REQUEST = 1000;
/** The writer takes the columns about this often. */
const REQUESTS_PER_BLOCK = 20;

const nowMs = Date.now();
const ns = (ms) => `${BigInt(ms) * 1_000_000n}`;
const limits = {
  bodyBytes: 64 * 1024 * 1024,
  recordsPerRequest: 100_000,
  attributesPerRecord: 128,
  valueBytes: 65_536,
  valueDepth: 16,
  maxAgeMs: 30 * 86_400_000,
  maxFutureMs: 600_000,
};
const resource = {
  'service.name': 'checkout',
  'service.namespace': 'shop',
  'service.instance.id': '627cc493-f310-47de-96bd-71410b7dec09',
  'host.name': 'node-17',
  'os.type': 'linux',
};

/** One point of series number `n`: five attributes, about 200 bytes. */
function point(n) {
  return {
    startTimeUnixNano: ns(nowMs - 3_600_000),
    timeUnixNano: ns(nowMs),
    attributes: attributesOf({
      'http.request.method': n % 2 === 0 ? 'GET' : 'POST',
      'http.route': `/api/v1/orders/${n % 37}`,
      'http.response.status_code': 200 + (n % 5),
      'server.address': `pod-${n}.checkout.svc.cluster.local`,
      'network.protocol.version': '1.1',
    }),
  };
}

const forms = {
  gauge: (dataPoints) => ({ gauge: { dataPoints } }),
  cumulative: (dataPoints) => ({ sum: { dataPoints, aggregationTemporality: 2, isMonotonic: true } }),
  delta: (dataPoints) => ({ sum: { dataPoints, aggregationTemporality: 1, isMonotonic: true } }),
  histogram: (dataPoints) => ({ histogram: { dataPoints, aggregationTemporality: 2 } }),
  exponential: (dataPoints) => ({ exponentialHistogram: { dataPoints, aggregationTemporality: 2 } }),
};
const values = {
  histogram: {
    count: 60,
    sum: 7.5,
    explicitBounds: [0.01, 0.1, 1, 10, 100],
    bucketCounts: [10, 10, 10, 10, 10, 10],
  },
  exponential: { count: 60, sum: 7.5, scale: 5, positive: { offset: -20, bucketCounts: Array(40).fill(1) } },
};

function requests(form, series) {
  const found = [];
  const perMetric = series / METRICS;
  for (let first = 0; first < series; first += POINTS_PER_REQUEST) {
    const metrics = [];
    for (let m = 0; m < POINTS_PER_REQUEST / perMetric; m++) {
      const dataPoints = Array.from({ length: perMetric }, (_, i) => ({
        ...point(first + m * perMetric + i),
        ...(values[form] ?? { asDouble: i + 0.5 }),
      }));
      const name = `http.server.metric_${(first / perMetric + m) % METRICS}`;
      metrics.push({ name, unit: 's', description: 'A measurement.', ...forms[form](dataPoints) });
    }
    found.push(requestOf(metrics, resource));
  }
  return found;
}

function measure(bodies, decode, isAlwaysNew) {
  const batch = createBatch();
  const columns = Object.values(batch).flatMap((rows) => Object.values(rows));
  let streams = new MemoryStreamRegistry();
  let count = 0;
  const pass = (seconds) => {
    const started = process.cpuUsage();
    const before = count;
    let points = 0;
    for (;;) {
      if (isAlwaysNew) streams = new MemoryStreamRegistry();
      for (const body of bodies) {
        points += decode(body, { batch, nowMs, limits, streams, observer: undefined }).accepted;
        if (++count % REQUESTS_PER_BLOCK === 0) for (const column of columns) column.clear();
      }
      const { user, system } = process.cpuUsage(started);
      const tookS = (user + system) / 1e6;
      if (tookS >= seconds) return { perS: points / tookS, requests: count - before };
    }
  };
  pass(SECONDS / 3);
  return pass(SECONDS);
}

console.log(`${SERIES} series, ${POINTS_PER_REQUEST} points per request, ${SECONDS} CPU-seconds per row`);
for (const [form, series] of [
  ['gauge', SERIES],
  ['cumulative', SERIES],
  ['delta', SERIES],
  ['histogram', SERIES / 5],
  ['exponential', SERIES / 5],
]) {
  const asJson = requests(form, series);
  const bodies = asJson.map(encodeMetricsRequest);
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0) / series;
  const row = (name, list, decode, isNew) => {
    const { perS } = measure(list, decode, isNew);
    const size = `${Math.round(bytes)} B/point`;
    console.log(`${name.padEnd(34)} ${Math.round(perS).toLocaleString('en').padStart(12)} points/s ${size}`);
  };
  row(`${form}, protobuf`, bodies, decodeMetricsProtobuf, false);
  if (form !== 'cumulative') continue;
  row(`${form}, protobuf, new series`, bodies, decodeMetricsProtobuf, true);
  const texts = asJson.map((request) => Buffer.from(JSON.stringify(request)));
  row(`${form}, JSON`, texts, decodeMetricsJson, false);
}

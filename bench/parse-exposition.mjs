// How fast pages of metrics are parsed: MB per CPU-second of one core for a page like node_exporter's with 1000 series, in each format.
// `warm`: the sink knows all series by their texts, as in every scrape but the first. `cold`: it asks for the labels of all.
// Nothing is written. Usage: node bench/parse-exposition.mjs [seconds per row].
import { MemoryStreamRegistry } from '../dist/ingest/index.js';
import { ownText, parseExposition } from '../dist/ingest/protocols/exposition/index.js';
import { decodePrometheusText, SeriesCache } from '../dist/ingest/protocols/import/index.js';
import { decodeInfluxLines } from '../dist/ingest/protocols/influx/index.js';
import { createBatch } from '../dist/store/index.js';

const SECONDS = Number(process.argv[2] ?? 2);
const CPUS = 16;
const DEVICES_PER_PAGE = 14;
const MODES = ['idle', 'iowait', 'irq', 'nice', 'softirq', 'steal', 'system', 'user'];
const DEVICES = Array.from({ length: DEVICES_PER_PAGE }, (_, i) => `veth${(i * 7919).toString(16)}`);
const MOUNTS = ['/', '/boot', '/boot/efi', '/run', '/run/lock', '/var/lib/docker', '/home', '/srv/data'];

/** Families as data: name, type, help and series as labels with values. */
function families() {
  const found = [];
  const add = (name, type, help, series) => found.push({ name, type, help, series });
  const each = (list, labels) =>
    list.map((item, i) => ({ labels: labels(item), value: 1234.25 + i * 17.03 }));
  const cpus = Array.from({ length: CPUS }, (_, cpu) =>
    MODES.map((mode) => ({ cpu: String(cpu), mode })),
  ).flat();
  add(
    'node_cpu_seconds_total',
    'counter',
    'Seconds the CPUs spent in each mode.',
    each(cpus, (labels) => labels),
  );
  for (const field of ['receive', 'transmit'].flatMap((way) =>
    ['bytes', 'packets', 'errs', 'drop', 'fifo', 'frame', 'compressed'].map((what) => `${way}_${what}`),
  )) {
    const help = `Network device statistic ${field}.`;
    add(
      `node_network_${field}_total`,
      'counter',
      help,
      each(DEVICES, (device) => ({ device })),
    );
  }
  for (const field of [
    'avail_bytes',
    'device_error',
    'files',
    'files_free',
    'free_bytes',
    'readonly',
    'size_bytes',
  ]) {
    const labels = (mountpoint) => ({
      device: `/dev/mapper/vg0-lv${mountpoint.length}`,
      fstype: 'ext4',
      mountpoint,
    });
    add(`node_filesystem_${field}`, 'gauge', `Filesystem ${field}.`, each(MOUNTS, labels));
  }
  for (const what of ['completed', 'merged', 'time_seconds', 'bytes', 'errors', 'queued']) {
    for (const way of ['reads', 'writes', 'discards', 'flushes']) {
      const help = `The total number of ${way}: ${what}.`;
      add(
        `node_disk_${way}_${what}_total`,
        'counter',
        help,
        each(DEVICES, (device) => ({ device })),
      );
    }
  }
  for (let n = 0; series(found) < 1000; n++) {
    const value = n % 3 === 0 ? 1.6472309e10 + n * 4096 : n % 3 === 1 ? n * 31 : 0;
    add(`node_memory_Field${n}_bytes`, 'gauge', `Memory information field Field${n}_bytes.`, [
      { labels: {}, value },
    ]);
  }
  return found;
}

function series(list) {
  return list.reduce((sum, { series }) => sum + series.length, 0);
}

/** As Go prints floats. */
function number(value) {
  return Math.abs(value) >= 1e6 ? value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2') : String(value);
}

function labelText(labels) {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function textPage(list) {
  return list
    .map(({ name, type, help, series }) => {
      const lines = series.map(({ labels, value }) => `${name}${labelText(labels)} ${number(value)}\n`);
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
    })
    .join('');
}

/** @param withCreated as the Python client writes counters. */
function openMetricsPage(list, withCreated) {
  const pages = list.map(({ name, type, help, series }) => {
    const family = type === 'counter' ? name.replace(/_total$/, '') : name;
    const lines = series.flatMap(({ labels, value }) => {
      const line = `${name}${labelText(labels)} ${number(value)}\n`;
      const isCreated = withCreated && type === 'counter';
      return isCreated ? [line, `${family}_created${labelText(labels)} 1.7e+09\n`] : [line];
    });
    return `# HELP ${family} ${help}\n# TYPE ${family} ${type}\n${lines.join('')}`;
  });
  return `${pages.join('')}# EOF\n`;
}

function varint(value) {
  const bytes = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

function block(field, ...parts) {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

function double(field, value) {
  const bytes = Buffer.alloc(9);
  bytes[0] = field * 8 + 1;
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

function protobufPage(list) {
  const pages = list.map(({ name, type, help, series }) => {
    const metrics = series.map(({ labels, value }) => {
      const pairs = Object.entries(labels).map(([label, text]) => block(1, block(1, label), block(2, text)));
      return block(4, ...pairs, block(type === 'counter' ? 3 : 2, double(1, value)));
    });
    const family = Buffer.concat([
      block(1, name),
      block(2, help),
      Buffer.from([3 * 8, type === 'counter' ? 0 : 1]),
      ...metrics,
    ]);
    return Buffer.concat([varint(family.length), family]);
  });
  return Buffer.concat(pages);
}

/** What a scrape loop does: looks the series up and keeps the value. */
function cachingSink() {
  const known = new Map();
  const values = new Float64Array(4096);
  return {
    metadata() {},
    sample(text, value, _timeMs, details) {
      let slot = known.get(text);
      if (slot === undefined) {
        details.labels();
        slot = known.size;
        known.set(ownText(text), slot);
      }
      values[slot] = value;
    },
    histogram() {},
  };
}

const coldSink = {
  metadata() {},
  sample(_text, _value, _timeMs, details) {
    details.labels();
  },
  histogram() {},
};

const limits = {
  bodyBytes: 64 * 1024 * 1024,
  recordsPerRequest: 100_000,
  attributesPerRecord: 128,
  valueBytes: 65_536,
  valueDepth: 16,
  maxAgeMs: 0,
  maxFutureMs: 600_000,
};

/** A decoder into columns, with a new block now and then as the writer takes them. */
function intoColumns(decode) {
  const streams = new MemoryStreamRegistry();
  const cache = new SeriesCache();
  let batch = createBatch();
  let runs = 0;
  return (body) => {
    if (runs++ % 20 === 0) batch = createBatch();
    decode(body, { batch, nowMs: Date.now(), limits, streams, observer: undefined }, cache);
  };
}

function influxPage(list) {
  return list
    .flatMap(({ name, series }) =>
      series.map(({ labels, value }) => {
        const tags = Object.entries(labels).map(([label, text]) => `,${label}=${text}`);
        return `${name}${tags.join('')} value=${value} 1700000000000000000\n`;
      }),
    )
    .join('');
}

function measure(name, body, run) {
  for (let i = 0; i < 200; i++) run(body);
  const before = process.cpuUsage();
  const endMs = Date.now() + SECONDS * 1000;
  let runs = 0;
  while (Date.now() < endMs) {
    for (let i = 0; i < 20; i++) run(body);
    runs += 20;
  }
  const used = process.cpuUsage(before);
  const cpuSeconds = (used.user + used.system) / 1e6;
  const row = [
    name.padEnd(34),
    `${((runs * body.length) / 1e6 / cpuSeconds).toFixed(0).padStart(6)} MB/s`,
    `${((runs * series(page)) / 1e6 / cpuSeconds).toFixed(2).padStart(6)} M samples/s`,
    `${((cpuSeconds / runs) * 1e6).toFixed(0).padStart(6)} us/page`,
    `${(body.length / 1024).toFixed(0).padStart(5)} KiB`,
  ];
  console.log(row.join('  '));
}

const page = families();
const PROTOBUF =
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const formats = [
  ['text', 'text/plain; version=0.0.4', Buffer.from(textPage(page))],
  ['openmetrics', OPENMETRICS, Buffer.from(openMetricsPage(page, false))],
  ['openmetrics, _created', OPENMETRICS, Buffer.from(openMetricsPage(page, true))],
  ['protobuf', PROTOBUF, Buffer.from(protobufPage(page))],
];
console.log(`${series(page)} series of ${page.length} metrics, node ${process.version}`);
for (const [name, contentType, body] of formats) {
  const sink = cachingSink();
  measure(`${name}, warm`, body, (bytes) => parseExposition(bytes, contentType, sink));
  measure(`${name}, cold`, body, (bytes) => parseExposition(bytes, contentType, coldSink));
}
measure(
  'import of text into columns',
  formats[0][2],
  intoColumns((body, context, cache) => decodePrometheusText(body, undefined, context, { cache })),
);
measure(
  'influx lines into columns',
  Buffer.from(influxPage(page)),
  intoColumns((body, context, cache) => decodeInfluxLines(body, context, { precision: 'ns', cache })),
);

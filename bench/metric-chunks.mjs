// The metric store's chunks and head: bytes per sample before and after ZSTD(1) of a column of chunks, and samples per second of one core.
// Usage: node bench/metric-chunks.mjs [seconds per measurement]. Without the `zstd` tool, deflate stands in for it.
import { spawnSync } from 'node:child_process';
import { constants, deflateRawSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url);
const { chunkFacts, decodeChunk, encodeChunk } = await import(new URL('store/metrics/chunk-codec.js', dist));

const { MetricsHead } = await import(new URL('store/metrics/head.js', dist));
const { SampleBuffer } = await import(new URL('store/metrics/chunk-buffer.js', dist));

const SECONDS = Number(process.argv[2] ?? 1);
const SERIES = 2000;
const SAMPLES = 240;
const STEP_MS = 15_000;
/** The engine compresses a column in blocks of up to this size. */
const BLOCK_BYTES = 1 << 20;

function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

const next = random(1);
const gaussian = () => next() + next() + next() + next() - 2;

/** Each gives, for a series, a function that gives the value after the one before. */
const kinds = {
  constant: (s) => () => s * 17,
  'seldom changes': () => (value) => value + (next() < 0.02 ? 1 : 0),
  'counter, steady': (s) => (value) => value + (s % 40),
  'counter, small noise': (s) => (value) => value + Math.floor((1 + (s % 5)) * 15 * (0.9 + 0.2 * next())),
  'counter, wide noise': (s) => (value) => value + Math.floor((1 + (s % 50)) * 100 * (0.5 + next())),
  'bytes counter': () => (value) => value + Math.floor(9e5 * 15 * (0.5 + next())),
  'seconds counter, 0.01': (s) => (value) => Math.round(value * 100 + (s % 16) * 90 + gaussian() * 20) / 100,
  'integer gauge': (s) => (value, i) => Math.round((i === 0 ? 300 + s : value) + gaussian() * 4),
  'gauge in pages': () => (value, i) => (i === 0 ? 4096e5 : value) + Math.round(gaussian() * 50) * 4096,
  'gauge, 2 decimals': () => (value, i) =>
    Math.round(((i === 0 ? 4 : value) + gaussian() * 0.05) * 100) / 100,
  'gauge, 6 decimals': () => () => Math.round(next() * 1e6) / 1e6,
  'random doubles': () => () => next() + next() / 2 ** 32,
};

/** Milliseconds since the first sample, from the index and the sample before. */
const jitters = {
  'regular times': (i) => i * STEP_MS,
  'grid ± 5 ms': (i) => i * STEP_MS + Math.floor(next() * 11) - 5,
  'drift 0 to 5 ms': (_, beforeMs) => beforeMs + STEP_MS + Math.floor(next() * 6),
};

function columns(make, timeOf) {
  return Array.from({ length: SERIES }, (_, s) => {
    const timesMs = new Float64Array(SAMPLES);
    const values = new Float64Array(SAMPLES);
    const step = make(s);
    const startMs = 1.75e12 + (s % 10) * 1000;
    for (let i = 0, sinceMs = 0; i < SAMPLES; i++) {
      if (i > 0) sinceMs = timeOf(i, sinceMs);
      timesMs[i] = startMs + sinceMs;
      values[i] = step(i === 0 ? s * 1000 : values[i - 1], i);
    }
    return { timesMs, values };
  });
}

function compressed(bytes) {
  const result = spawnSync('zstd', ['-1', '-c', '-q', '--no-check'], { input: bytes, maxBuffer: 1 << 28 });
  if (result.error === undefined) return { by: 'ZSTD(1)', bytes: result.stdout.length };
  return { by: 'deflate(1)', bytes: deflateRawSync(bytes, { level: constants.Z_BEST_SPEED }).length };
}

/** As the engine stores a String column: each value behind its length, compressed block by block. */
function columnBytes(chunks) {
  let total = 0;
  let by = '';
  let block = [];
  let blockBytes = 0;
  const flush = () => {
    if (blockBytes === 0) return;
    const done = compressed(Buffer.concat(block));
    total += done.bytes;
    by = done.by;
    block = [];
    blockBytes = 0;
  };
  for (const chunk of chunks) {
    const length = chunk.length < 128 ? [chunk.length] : [(chunk.length & 127) | 128, chunk.length >> 7];
    block.push(Buffer.from(length), chunk);
    blockBytes += chunk.length + length.length;
    if (blockBytes >= BLOCK_BYTES) flush();
  }
  flush();
  return { total, by };
}

/** Millions of samples per CPU-second. */
function speed(samplesPerPass, pass) {
  const warmUp = process.cpuUsage();
  while (cpuSeconds(warmUp) < SECONDS / 4) pass();
  const started = process.cpuUsage();
  let samples = 0;
  while (cpuSeconds(started) < SECONDS) {
    pass();
    samples += samplesPerPass;
  }
  return samples / cpuSeconds(started) / 1e6;
}

function cpuSeconds(since) {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

function codecRow(name, make, timeOf) {
  const series = columns(make, timeOf);
  const chunks = series.map(({ timesMs, values }) => encodeChunk(timesMs, values, 0, SAMPLES));
  const raw = chunks.reduce((sum, { length }) => sum + length, 0);
  const { total, by } = columnBytes(chunks);
  const outTimesMs = new Float64Array(SAMPLES);
  const outValues = new Float64Array(SAMPLES);
  for (const [i, chunk] of chunks.entries()) {
    if (chunkFacts(chunk).count !== decodeChunk(chunk, outTimesMs, outValues, 0)) throw new Error(name);
    if (Buffer.compare(Buffer.from(outValues.buffer), Buffer.from(series[i].values.buffer)) !== 0)
      throw new Error(name);
  }
  const samples = SERIES * SAMPLES;
  const encode = speed(samples, () => {
    for (const { timesMs, values } of series) encodeChunk(timesMs, values, 0, SAMPLES);
  });
  const decode = speed(samples, () => {
    for (const chunk of chunks) decodeChunk(chunk, outTimesMs, outValues, 0);
  });
  return { name, raw: raw / samples, packed: total / samples, by, encode, decode };
}

function print({ name, raw, packed, by, encode, decode }) {
  console.log(
    name.padEnd(40) +
      raw.toFixed(3).padStart(10) +
      `${packed.toFixed(3)} ${by}`.padStart(17) +
      encode.toFixed(1).padStart(14) +
      decode.toFixed(1).padStart(14),
  );
}

console.log(
  `${'values, times'.padEnd(40)}${'B/sample'.padStart(10)}${'compressed'.padStart(17)}${'encode M/s'.padStart(14)}${'decode M/s'.padStart(14)}`,
);
for (const [kind, make] of Object.entries(kinds))
  print(codecRow(`${kind}, regular times`, make, jitters['regular times']));
for (const times of ['grid ± 5 ms', 'drift 0 to 5 ms']) {
  print(codecRow(`counter, small noise, ${times}`, kinds['counter, small noise'], jitters[times]));
}

/** Rows of one scrape of all series, in the bytes of the Native format. */
function scrape(order) {
  const ids = new Uint32Array(order.length * 2);
  const times = new BigInt64Array(order.length);
  const values = new Float64Array(order.length);
  order.forEach((series, row) => {
    ids[2 * row] = Math.imul(series, 0x9e3779b1);
    ids[2 * row + 1] = Math.imul(series, 0x85ebca6b);
  });
  const bytes = (column) => new Uint8Array(column.buffer);
  const rows = {
    rows: order.length,
    ids: bytes(ids),
    timesMs: bytes(times),
    values: bytes(values),
    metricAt: () => 'm',
  };
  return { rows, times, values };
}

function shuffled(count) {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const other = Math.floor(next() * (i + 1));
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order;
}

const ROWS_PER_APPEND = 2000;

/** Appends `rounds` scrapes of all series and tells what it took, sealing and packing included. */
function headRow(name, { series, rounds, isShuffled = false, blockBytes }) {
  globalThis.gc?.();
  const before = process.memoryUsage();
  const head = new MetricsHead({
    startMs: 0,
    residentBytes: 4e9,
    ...(blockBytes === undefined ? {} : { blockBytes }),
  });
  const order = isShuffled ? shuffled(series) : Array.from({ length: series }, (_, i) => i);
  const requests = [];
  for (let i = 0; i < series; i += ROWS_PER_APPEND)
    requests.push(scrape(order.slice(i, i + ROWS_PER_APPEND)));
  let tookS = 0;
  let most = 0;
  for (let round = 0; round < rounds; round++) {
    for (const { times, values } of requests) {
      times.fill(BigInt(1.75e12 + round * STEP_MS));
      for (let i = 0; i < values.length; i++)
        values[i] += Math.floor((1 + (i % 5)) * 15 * (0.9 + 0.2 * next()));
    }
    const started = process.cpuUsage();
    for (const { rows } of requests) head.appendRows(rows);
    tookS += cpuSeconds(started);
    most = Math.max(most, head.stats().memoryBytes);
  }
  const flushStarted = process.cpuUsage();
  const plan = head.beginFlush();
  let chunks = 0;
  for (const _ of plan.chunks()) chunks++;
  head.commitFlush(plan);
  const flushS = cpuSeconds(flushStarted);
  globalThis.gc?.();
  const after = process.memoryUsage();
  const { memoryBytes } = head.stats();
  const scratch = new SampleBuffer();
  const readStarted = process.cpuUsage();
  let samples = 0;
  for (const { rows } of requests) {
    const ids = new Uint32Array(rows.ids.buffer);
    for (let i = 0; i < rows.rows; i++) {
      samples += head.collect(ids[2 * i], ids[2 * i + 1], 0, Number.MAX_SAFE_INTEGER).decodeInto(scratch);
    }
  }
  if (samples !== series * rounds) throw new Error(`${samples} samples`);
  const readS = cpuSeconds(readStarted);
  const held = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed;
  console.log(
    name.padEnd(44) +
      ((series * rounds) / tookS / 1e6).toFixed(1).padStart(12) +
      `${chunks} in ${(flushS * 1000).toFixed(0)} ms`.padStart(18) +
      (samples / readS / 1e6).toFixed(1).padStart(10) +
      (most / series).toFixed(0).padStart(12) +
      (memoryBytes / series).toFixed(0).padStart(12) +
      (held / 1e6).toFixed(0).padStart(10),
  );
}

console.log(
  `\n${'head'.padEnd(44)}${'append M/s'.padStart(12)}${'flush'.padStart(18)}${'read M/s'.padStart(10)}${'peak B/ser.'.padStart(12)}${'after flush'.padStart(12)}${'heap MB'.padStart(10)}`,
);
headRow('10 000 series, 240 samples', { series: 10_000, rounds: 240 });
headRow('10 000 series, 240 samples, packed', { series: 10_000, rounds: 240, blockBytes: 0 });
headRow('100 000 series, 239 samples', { series: 100_000, rounds: 239 });
headRow('100 000 series, 240 samples', { series: 100_000, rounds: 240 });
headRow('100 000 series, 100 samples, shuffled', { series: 100_000, rounds: 100, isShuffled: true });
headRow('500 000 series, 20 samples', { series: 500_000, rounds: 20 });

// Two ways to keep samples in the engine, on the same data: a row per sample, and packed chunks. Engine and packing CPU, bytes on disk after
// merges, and the time to have a day of 500 series as typed arrays here. Usage: node bench/sample-storage.mjs [series] [samples per series]
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const dist = new URL('../dist/', import.meta.url);
const store = await import(new URL('store/index.js', dist));
const { ChunkEncoder, decodeChunk } = await import(new URL('store/metrics/chunk-codec.js', dist));
const { sql } = store;

const SERIES = Number(process.argv[2] ?? 2000);
const SAMPLES = Number(process.argv[3] ?? 1440);
const STEP_MS = 15_000;
/** As many samples as a group commit of a busy server has. */
const ROWS_PER_FILE = 20_000;
const CHUNK = 240;
const START_MS = Date.UTC(2026, 10, 20);
const log = { debug() {}, info() {}, warn() {}, error: console.error };

const folder = mkdtempSync(join(tmpdir(), 'bellwether-bench-'));
mkdirSync(join(folder, 'files'), { recursive: true });
const engine = await store.startEngine({ dataDir: folder, spoolDir: join(folder, 'files'), log });
const db = store.openStore({
  connection: { kind: 'engine', socketPath: engine.socketPath },
  retention: { metrics: 'off', logs: 'off', traces: 'off', sessions: 'off', alerts: 'off' },
  limits: { timeoutMs: 120_000, memoryBytes: 4 * 1024 ** 3 },
  log,
});
await db.whenReady();
await db.command(sql`CREATE TABLE rows_table (metric LowCardinality(String), series_id UInt64, ts DateTime64(3) CODEC(DoubleDelta, Default),
  value Float64 CODEC(Gorilla, Default)) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (metric, toStartOfHour(ts), series_id, ts)
  SETTINGS index_granularity = 2048, fsync_after_insert = 1`);

function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
const next = random(1);

/** Half counters with noise, a quarter gauges with two decimals, a quarter constants. */
const values = Array.from({ length: SERIES }, (_, s) => {
  const column = new Float64Array(SAMPLES);
  let value = s;
  for (let i = 0; i < SAMPLES; i++) {
    if (s % 4 < 2) value += Math.floor((1 + (s % 7)) * 15 * (0.9 + 0.2 * next()));
    else if (s % 4 === 2) value = Math.round((value + next() - 0.5) * 100) / 100;
    column[i] = value;
  }
  return column;
});
const idOf = (s) => [Math.imul(s + 1, 0x9e3779b1) >>> 0, Math.imul(s + 1, 0x85ebca6b) >>> 0];
const metricOf = (s) => `metric_${s % 4 === 0 ? 'one' : s % 20}`;

function engineCpuS() {
  const stat = readFileSync(`/proc/${engine.state().pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

let files = 0;
async function insert(table, columns, definition) {
  const name = `${table}-${++files}.native`;
  const path = join(folder, 'files', name);
  const bytes = Buffer.concat(store.nativeBlock(columns));
  writeFileSync(path, bytes);
  await db.insertFiles({ table, columns: definition, paths: [path], bytes: bytes.length, token: name });
}

async function insertRows() {
  let batch = store.createBatch().metric_samples;
  for (let i = 0; i < SAMPLES; i++) {
    for (let s = 0; s < SERIES; s++) {
      batch.metric.append(metricOf(s));
      batch.series_id.appendParts(...idOf(s));
      batch.ts.append(START_MS + i * STEP_MS);
      batch.value.append(values[s][i]);
    }
    if (batch.ts.length < ROWS_PER_FILE && i < SAMPLES - 1) continue;
    await insert('rows_table', batch, ['metric', 'series_id', 'ts', 'value']);
    batch = store.createBatch().metric_samples;
  }
}

async function insertChunks() {
  const encoder = new ChunkEncoder();
  const timesMs = Float64Array.from({ length: SAMPLES }, (_, i) => START_MS + i * STEP_MS);
  const batch = store.createBatch().metric_chunks;
  for (let s = 0; s < SERIES; s++) {
    const words = new Uint32Array(values[s].buffer);
    for (let from = 0; from < SAMPLES; from += CHUNK) {
      const to = Math.min(SAMPLES, from + CHUNK);
      const data = encoder.encode({ timesMs, values: values[s], words, from, to });
      batch.metric.append(metricOf(s));
      batch.series_id.appendParts(...idOf(s));
      batch.min_ts.append(timesMs[from]);
      batch.max_ts.append(timesMs[to - 1]);
      batch.count.append(to - from);
      batch.packed_at.append(START_MS);
      batch.data.appendBytes(data, 0, data.length);
    }
  }
  await insert('metric_chunks', batch, Object.keys(store.tables.metric_chunks.columns));
}

async function bytesOf(table) {
  await db.command(sql`OPTIMIZE TABLE ${sql.id(table)} FINAL`, { timeoutMs: 120_000 });
  const [row] = await db.query(
    sql`SELECT sum(data_compressed_bytes) AS bytes FROM system.parts WHERE active AND table = ${table}`,
  );
  return row.bytes;
}

const ids = Array.from({ length: SERIES }, (_, s) => s)
  .filter((s) => s % 4 === 0)
  .slice(0, 500);
const idList = ids.map((s) => BigInt(idOf(s)[0]) + (BigInt(idOf(s)[1]) << 32n));

async function readRows() {
  const data = await db.binary(sql`SELECT series_id, toUnixTimestamp64Milli(ts), value FROM rows_table
    WHERE metric = 'metric_one' AND series_id IN ${idList} ORDER BY series_id, ts`);
  const count = data.length / 24;
  const view = new DataView(data.buffer, data.byteOffset);
  const [times, read] = [new Float64Array(count), new Float64Array(count)];
  for (let i = 0; i < count; i++) {
    times[i] = view.getUint32(i * 24 + 8, true) + view.getInt32(i * 24 + 12, true) * 2 ** 32;
    read[i] = view.getFloat64(i * 24 + 16, true);
  }
  return count;
}

async function readChunks() {
  const data = await db.binary(sql`SELECT series_id, data FROM metric_chunks
    WHERE metric = 'metric_one' AND series_id IN ${idList} ORDER BY series_id, min_ts`);
  const [times, read] = [new Float64Array(SAMPLES + CHUNK), new Float64Array(SAMPLES + CHUNK)];
  let count = 0;
  for (let at = 0; at < data.length; ) {
    at += 8;
    let length = 0;
    for (let shift = 0, byte = 0x80; byte >= 0x80; shift += 7) {
      byte = data[at++];
      length += (byte & 0x7f) << shift;
    }
    count += decodeChunk(data.subarray(at, at + length), times, read, 0);
    at += length;
  }
  return count;
}

async function median(run) {
  const times = [];
  let count = 0;
  for (let i = 0; i < 7; i++) {
    const startMs = performance.now();
    count = await run();
    times.push(performance.now() - startMs);
  }
  return { ms: times.sort((a, b) => a - b)[3], count };
}

const total = SERIES * SAMPLES;
for (const [name, table, put, read] of [
  ['a row per sample', 'rows_table', insertRows, readRows],
  ['packed chunks', 'metric_chunks', insertChunks, readChunks],
]) {
  const before = [engineCpuS(), process.cpuUsage()];
  await put();
  const own = process.cpuUsage(before[1]);
  const bytes = await bytesOf(table);
  const engineS = engineCpuS() - before[0];
  const { ms, count } = await median(read);
  console.log(
    `${name.padEnd(18)} engine with merges ${((engineS / total) * 1e9).toFixed(0)} ns, this process ${(((own.user + own.system) / total) * 1000).toFixed(0)} ns per sample; ` +
      `${(bytes / total).toFixed(2)} bytes per sample; ${count} samples read in ${ms.toFixed(0)} ms`,
  );
}
await db.close();
await engine.stop();
rmSync(folder, { recursive: true });

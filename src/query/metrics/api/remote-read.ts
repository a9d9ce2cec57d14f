import { BellwetherError } from '../../../lib/errors.ts';
import { ProtoWriter } from '../../../lib/proto-writer.ts';
import { snappyCompress, snappyUncompress } from '../../../lib/snappy.ts';
import { Labels } from '../../../model/labels.ts';
import { writeHistogram, writeLabels, writeSample } from '../../../model/prometheus-messages.ts';
import { type SampleColumns, wordsOf } from '../../../model/samples.ts';
import type { Matcher, SampleSource, SelectedSeries } from '../../../promql/index.ts';
import { crc32c } from './crc32c.ts';
import { type RawAnswer, type RawLimits, SelectBudget } from './raw-answer.ts';
import {
  type ReadQuery,
  type ReadRequest,
  readRequest,
  SAMPLES,
  STREAMED_XOR_CHUNKS,
} from './remote-read-request.ts';
import { MAX_CHUNK_SAMPLES, XorChunkEncoder } from './xor-chunk.ts';

export interface RemoteReadParts {
  readonly source: SampleSource;
  /** Added to series that do not have them; matchers that ask for just these values are met by all series. */
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly limits: RawLimits;
}

/** `/api/v1/read`. @throws BellwetherError `bad_input`, `bad_data`, `too_many_samples`, and what the source throws. */
export type RemoteRead = (body: Uint8Array, signal: AbortSignal) => Promise<RawAnswer>;

/** Of a request, uncompressed. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
/** A frame is closed when it has so much, as in Prometheus. */
const FRAME_BYTES = 1024 * 1024;
/** `Chunk.Encoding`. */
const XOR = 1;

/**
 * Prometheus's remote read: all samples, staleness markers included, of the series that each query selects, sorted by labels. Answers
 * with samples or streams XOR chunks, whichever acceptable form the request names first. Native histograms come only among samples;
 * the stream has no chunks for them. https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/
 */
export function createRemoteRead(parts: RemoteReadParts): RemoteRead {
  return async (body, signal) => {
    const request = readRequest(snappyUncompress(body, MAX_REQUEST_BYTES));
    return responseTypeOf(request) === SAMPLES
      ? await samplesAnswer(parts, request, signal)
      : await chunksAnswer(parts, request, signal);
  };
}

function responseTypeOf({ accepted }: ReadRequest): number {
  if (accepted.length === 0) return SAMPLES;
  const type = accepted.find((one) => one === SAMPLES || one === STREAMED_XOR_CHUNKS);
  if (type !== undefined) return type;
  throw new BellwetherError({
    code: 'bad_data',
    status: 400,
    message: `server does not support any of the requested response types: ${accepted.join(', ')}; supported: SAMPLES, STREAMED_XOR_CHUNKS`,
  });
}

function budgetOf({ limits }: RemoteReadParts, signal: AbortSignal): SelectBudget {
  return new SelectBudget(
    limits,
    signal,
    () =>
      new BellwetherError({
        code: 'too_many_samples',
        status: 400,
        message: `exceeded sample limit (${limits.maxSamples})`,
        hint: 'ask for fewer series or a shorter time, or raise query.max_samples',
      }),
  );
}

/** In the order of the labels that are sent. */
async function select(
  { source, externalLabels }: RemoteReadParts,
  { matchers, fromMs, toMs }: ReadQuery,
  budget: SelectBudget,
): Promise<{ labels: Labels; series: SelectedSeries }[]> {
  const isExternal = ({ name, type, value }: Matcher) =>
    type === '=' && Object.hasOwn(externalLabels, name) && externalLabels[name] === value;
  const request = { matchers: matchers.filter((matcher) => !isExternal(matcher)), fromMs, toMs };
  const external = Object.entries(externalLabels);
  const { series } = await source.select(request, budget.context);
  return series
    .map((one) => ({ labels: withExternal(one.labels, external), series: one }))
    .sort((a, b) => a.labels.compare(b.labels));
}

function withExternal(labels: Labels, external: readonly [string, string][]): Labels {
  const missing = external.filter(([name]) => !labels.has(name));
  return missing.length === 0 ? labels : Labels.from([...labels.entries(), ...missing]);
}

/** `ReadResponse { QueryResult results = 1 }`, `QueryResult { TimeSeries timeseries = 1 }` */
async function samplesAnswer(
  parts: RemoteReadParts,
  { queries }: ReadRequest,
  signal: AbortSignal,
): Promise<RawAnswer> {
  const out = new ProtoWriter();
  const budget = budgetOf(parts, signal);
  try {
    for (const query of queries) {
      const selected = await select(parts, query, budget);
      const result = out.open(1);
      for (const { labels, series } of selected) writeSeries(out, labels, series.read());
      out.close(result);
    }
  } finally {
    budget.release();
  }
  return {
    status: 200,
    headers: { 'Content-Type': 'application/x-protobuf', 'Content-Encoding': 'snappy' },
    pieces: [snappyCompress(out.written())],
  };
}

/** `TimeSeries { Label labels = 1; Sample samples = 2; Exemplar exemplars = 3; Histogram histograms = 4 }` */
function writeSeries(out: ProtoWriter, labels: Labels, { timesMs, values, histograms }: SampleColumns): void {
  if (timesMs.length === 0) return;
  const words = wordsOf(values);
  const series = out.open(1);
  writeLabels(out, labels);
  for (let i = 0; i < timesMs.length; i++) {
    if (histograms?.[i] !== undefined) continue;
    const sample = out.open(2);
    writeSample(out, timesMs[i]!, words[2 * i]!, words[2 * i + 1]!);
    out.close(sample);
  }
  for (let i = 0; histograms !== undefined && i < timesMs.length; i++) {
    if (histograms[i] === undefined) continue;
    const histogram = out.open(4);
    writeHistogram(out, timesMs[i]!, histograms[i]);
    out.close(histogram);
  }
  out.close(series);
}

async function chunksAnswer(
  parts: RemoteReadParts,
  { queries }: ReadRequest,
  signal: AbortSignal,
): Promise<RawAnswer> {
  const budget = budgetOf(parts, signal);
  // What the first query does wrong is still told with a status.
  const first = queries.length === 0 ? [] : await selectOrRelease(parts, queries[0]!, budget);
  return {
    status: 200,
    headers: { 'Content-Type': 'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse' },
    pieces: frames(parts, { queries, first, budget }),
  };
}

async function selectOrRelease(parts: RemoteReadParts, query: ReadQuery, budget: SelectBudget) {
  try {
    return await select(parts, query, budget);
  } catch (error) {
    budget.release();
    throw error;
  }
}

interface Stream {
  readonly queries: readonly ReadQuery[];
  /** What the first query selects. */
  readonly first: Awaited<ReturnType<typeof select>>;
  readonly budget: SelectBudget;
}

async function* frames(
  parts: RemoteReadParts,
  { queries, first, budget }: Stream,
): AsyncGenerator<Uint8Array> {
  const writer = new FrameWriter();
  try {
    for (const [index, query] of queries.entries()) {
      const selected = index === 0 ? first : await select(parts, query, budget);
      for (const { labels, series } of selected) yield* writer.series(labels, series.read(), index);
      budget.release();
    }
  } finally {
    budget.release();
  }
}

/**
 * Writes frames: the length as a varint, the CRC-32C of the message, big-endian, and the message
 * `ChunkedReadResponse { ChunkedSeries chunked_series = 1; int64 query_index = 2 }`. A frame has one series, a series as many as it needs.
 */
class FrameWriter {
  readonly #encoder = new XorChunkEncoder();
  readonly #out = new ProtoWriter();

  *series(labels: Labels, columns: SampleColumns, queryIndex: number): Generator<Uint8Array> {
    const floats = floatsOf(columns);
    const words = wordsOf(floats.values);
    const count = floats.timesMs.length;
    let at = 0;
    while (at < count) {
      this.#out.clear();
      const series = this.#out.open(1);
      writeLabels(this.#out, labels);
      while (at < count && this.#out.end < FRAME_BYTES) {
        const to = Math.min(count, at + MAX_CHUNK_SAMPLES);
        this.#chunk(floats.timesMs, words, at, to);
        at = to;
      }
      this.#out.close(series);
      if (queryIndex !== 0) this.#out.int64(2, queryIndex);
      yield framed(this.#out.written());
    }
  }

  /** `Chunk { int64 min_time_ms = 1; int64 max_time_ms = 2; Encoding type = 3; bytes data = 4 }` */
  #chunk(timesMs: Float64Array, words: Uint32Array, from: number, to: number): void {
    const out = this.#out;
    const chunk = out.open(2);
    if (timesMs[from] !== 0) out.int64(1, timesMs[from]!);
    if (timesMs[to - 1] !== 0) out.int64(2, timesMs[to - 1]!);
    out.varint(3, XOR);
    out.block(4, this.#encoder.encode({ timesMs, words, from, to }));
    out.close(chunk);
  }
}

/**
 * The samples that are no histograms, in memory of their own: while a frame is on its way the source's memory may be used for another
 * series. Values are moved as bits.
 */
function floatsOf({ timesMs, values, histograms }: SampleColumns): Pick<SampleColumns, 'timesMs' | 'values'> {
  if (histograms === undefined) return { timesMs: timesMs.slice(), values: values.slice() };
  const words = wordsOf(values);
  const kept = { timesMs: new Float64Array(timesMs.length), values: new Float64Array(timesMs.length) };
  const keptWords = wordsOf(kept.values);
  let count = 0;
  for (let i = 0; i < timesMs.length; i++) {
    if (histograms[i] !== undefined) continue;
    kept.timesMs[count] = timesMs[i]!;
    keptWords[2 * count] = words[2 * i]!;
    keptWords[2 * count + 1] = words[2 * i + 1]!;
    count++;
  }
  return { timesMs: kept.timesMs.subarray(0, count), values: kept.values.subarray(0, count) };
}

function framed(message: Uint8Array): Uint8Array {
  const header = new ProtoWriter();
  header.raw(message.length);
  const crc = crc32c(message);
  for (const shift of [24, 16, 8, 0]) header.byte((crc >>> shift) & 0xff);
  header.append(message);
  return header.written();
}

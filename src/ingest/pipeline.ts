import { BellwetherError, messageOf } from '../lib/errors.ts';
import type { TelemetryObserver, TelemetrySignal } from '../model/telemetry.ts';
import type { Batch } from '../store/index.ts';
import type { SeriesLimits } from './cardinality.ts';
import type { Refusal, SourceRegistry, SourceSignal } from './sources.ts';
import type {
  DecodeContext,
  DecodeOutcome,
  IngestLimits,
  Protocol,
  Sender,
  StreamRegistry,
} from './types.ts';

/** Reasons named in the message of a partial success. */
const MAX_NAMED_REASONS = 5;
const RETRY_AFTER_S = 5;

/** What the pipeline needs of the writer that makes batches durable. */
export interface IngestWriter {
  /** Throws a BellwetherError with status 429 or 503 when nothing can be taken now. */
  admit(): void;
  /** The batch under construction. Valid until the next turn of the event loop. */
  batch(): Batch;
  /** Marks every column of the batch; `rollback` drops what was appended since. */
  mark(): void;
  rollback(): void;
  /** Settles when all that was appended so far is durable, or could not be made so. */
  committed(): Promise<void>;
}

/** Counters of the server's own metrics; every method must be cheap and must not throw. */
export interface PipelineMeter {
  accepted(signal: TelemetrySignal, records: number, bodyBytes: number): void;
  rejected(signal: SourceSignal, code: string, records: number): void;
  refused(signal: SourceSignal, code: string): void;
  /** Accepted, but with values cut or attributes left out. */
  trimmed(signal: TelemetrySignal, values: number, attributes: number): void;
  /** Time from submission to durable, seconds. */
  acknowledged(signal: TelemetrySignal, seconds: number): void;
}

export interface PipelineOptions {
  readonly writer: IngestWriter;
  readonly decoders: readonly Protocol[];
  readonly registry: StreamRegistry;
  /** Bounds on the number of series; absent: none. */
  readonly seriesLimits?: SeriesLimits;
  readonly limits: IngestLimits;
  /** Limits of what comes through `write`; `limits` when absent. */
  readonly writeLimits?: IngestLimits;
  readonly sources: SourceRegistry;
  readonly observer?: TelemetryObserver;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly meter?: PipelineMeter;
  /** Told about failures that are ours: a bug in a decoder, a commit that failed. */
  readonly onFailure?: (message: string, error: unknown) => void;
}

/** One decompressed request body and who sent it. The pipeline reads `body` only before `submit` returns its promise. */
export interface Submission {
  readonly signal: TelemetrySignal;
  readonly encoding: Protocol['contentType'];
  readonly body: Uint8Array;
  readonly sender: Sender;
}

/** Records of one sender that need no transport: scraped, measured or computed by the server itself, or decoded by somebody else. */
export interface Write {
  readonly signal: TelemetrySignal;
  readonly sender: Sender;
  /** Bytes the records came as, for the counters; 0 when they never were bytes. */
  readonly bodyBytes: number;
  /** Appends the records in one go; as a {@link Protocol}'s `decode`. */
  readonly decode: (context: DecodeContext) => DecodeOutcome;
}

export interface SubmitResult {
  readonly accepted: number;
  readonly rejected: number;
  /** What was rejected or trimmed, and why; empty when all went in as it came. */
  readonly message: string;
}

export interface IngestPipeline {
  /**
   * Decodes a request into the open batch and waits until it is durable.
   *
   * @throws DecodeError (400) bytes that are not the protocol; nothing of the request is kept.
   * @throws BellwetherError 429 or 503 with `retryAfterS`: not taken, or not made durable; the sender should try again.
   * @throws BellwetherError 500 a bug of ours; nothing of the request is kept.
   */
  submit(submission: Submission): Promise<SubmitResult>;
  /** As `submit`, with the decoder given. Rejects with the same errors. */
  write(write: Write): Promise<SubmitResult>;
  /** Counts a request that a transport turned away before it reached a decoder. */
  refuse(sender: Sender, signal: SourceSignal, error: BellwetherError): void;
}

export function createPipeline(options: PipelineOptions): IngestPipeline {
  return new Pipeline(options);
}

class Pipeline implements IngestPipeline {
  readonly #options: PipelineOptions;
  readonly #decoders: ReadonlyMap<string, Protocol>;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#decoders = new Map(
      options.decoders.map((protocol) => [keyOf(protocol.signal, protocol.contentType), protocol]),
    );
  }

  async submit({ signal, sender, encoding, body }: Submission): Promise<SubmitResult> {
    const protocol = this.#decoders.get(keyOf(signal, encoding));
    const decode: Write['decode'] = (context) => {
      if (protocol === undefined) throw unknownEncoding(signal, encoding);
      return protocol.decode(body, context);
    };
    return this.#take({ signal, sender, bodyBytes: body.byteLength, decode }, this.#options.limits);
  }

  write(write: Write): Promise<SubmitResult> {
    return this.#take(write, this.#options.writeLimits ?? this.#options.limits);
  }

  async #take(write: Write, limits: IngestLimits): Promise<SubmitResult> {
    const { signal, sender } = write;
    const startedMs = this.#options.clock();
    try {
      const outcome = this.#decodeIntoBatch(write, startedMs, limits);
      if (outcome.accepted > 0) await this.#waitDurable();
      this.#count(write, outcome, startedMs);
      const message = messageFor(outcome, limits);
      return { accepted: outcome.accepted, rejected: outcome.rejected, message };
    } catch (error) {
      const refusal = error instanceof BellwetherError ? error : storageUnavailable(error);
      this.refuse(sender, signal, refusal);
      throw refusal;
    }
  }

  refuse(sender: Sender, signal: SourceSignal, error: BellwetherError): void {
    const { sources, meter, clock } = this.#options;
    const refusal: Refusal = { code: error.code, message: error.message, willRetry: isRetryable(error) };
    sources.recordRefusal(sender, signal, refusal, clock());
    meter?.refused(signal, error.code);
  }

  /** Everything that must happen in one turn of the event loop, because the batch is shared. */
  #decodeIntoBatch({ signal, sender, decode }: Write, nowMs: number, limits: IngestLimits): DecodeOutcome {
    const { writer, registry, observer, seriesLimits } = this.#options;
    writer.admit();
    writer.mark();
    registry.mark();
    seriesLimits?.mark();
    try {
      const context = { batch: writer.batch(), nowMs, limits, streams: registry, observer, seriesLimits };
      const outcome = decode(context);
      if (outcome.accepted === 0) this.#undo();
      return outcome;
    } catch (error) {
      this.#undo();
      if (error instanceof BellwetherError) throw error;
      this.#options.onFailure?.(`the ${sender.protocol} decoder failed on a ${signal} request`, error);
      throw decoderBug(error);
    }
  }

  #undo(): void {
    this.#options.writer.rollback();
    this.#options.registry.rollback();
    this.#options.seriesLimits?.rollback();
  }

  async #waitDurable(): Promise<void> {
    const { writer, registry, onFailure } = this.#options;
    try {
      await writer.committed();
    } catch (error) {
      registry.reset();
      onFailure?.('a group commit failed', error);
      throw error;
    }
  }

  #count({ signal, sender, bodyBytes }: Write, outcome: DecodeOutcome, startedMs: number): void {
    const { sources, meter, clock } = this.#options;
    const nowMs = clock();
    sources.recordOutcome(sender, signal, outcome, nowMs);
    if (meter === undefined) return;
    meter.accepted(signal, outcome.accepted, bodyBytes);
    for (const { code, count } of outcome.rejections.values()) meter.rejected(signal, code, count);
    if (outcome.valuesCut + outcome.attributesDropped > 0) {
      meter.trimmed(signal, outcome.valuesCut, outcome.attributesDropped);
    }
    meter.acknowledged(signal, (nowMs - startedMs) / 1000);
  }
}

function decoderBug(cause: unknown): BellwetherError {
  return new BellwetherError({
    code: 'internal',
    status: 500,
    message: 'the server failed to decode this request; nothing of it was kept',
    hint: 'this is a bug in Bellwether; its log has the details',
    cause,
  });
}

function keyOf(signal: TelemetrySignal, contentType: string): string {
  return `${signal} ${contentType}`;
}

/** OTLP's list of statuses after which a sender may send the same request again. */
function isRetryable(error: BellwetherError): boolean {
  return error.status === 429 || error.status === 502 || error.status === 503 || error.status === 504;
}

function unknownEncoding(signal: TelemetrySignal, encoding: string): BellwetherError {
  return new BellwetherError({
    code: 'unsupported_media_type',
    status: 415,
    message: `${signal} cannot be sent as ${encoding}`,
    hint: 'send application/x-protobuf or application/json',
  });
}

function storageUnavailable(cause: unknown): BellwetherError {
  return new BellwetherError({
    code: 'storage_unavailable',
    status: 503,
    retryAfterS: RETRY_AFTER_S,
    message: `the data could not be stored: ${messageOf(cause)}`,
    hint: 'send it again; GET /health/ready tells which part is not working',
    cause,
  });
}

/** For the sender: how many were rejected and why, and what was trimmed. */
function messageFor(outcome: DecodeOutcome, limits: IngestLimits): string {
  const { valuesCut, attributesDropped } = outcome;
  const parts = outcome.rejected === 0 ? [] : [rejectionMessage(outcome)];
  if (valuesCut > 0) parts.push(`${valuesCut} values were cut at ${limits.valueBytes} bytes`);
  if (attributesDropped > 0) {
    parts.push(
      `${attributesDropped} attributes beyond ${limits.attributesPerRecord} per record were left out`,
    );
  }
  return parts.join('; ');
}

function rejectionMessage(outcome: DecodeOutcome): string {
  const reasons = [...outcome.rejections.values()].sort((a, b) => b.count - a.count);
  const named = reasons
    .slice(0, MAX_NAMED_REASONS)
    .map(({ code, message, count }) => `${count} ${code} (${message})`);
  if (reasons.length > MAX_NAMED_REASONS) named.push(`${reasons.length - MAX_NAMED_REASONS} more reasons`);
  return `${outcome.rejected} of ${outcome.accepted + outcome.rejected} rejected: ${named.join('; ')}`;
}

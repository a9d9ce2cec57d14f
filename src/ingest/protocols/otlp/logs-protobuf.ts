import type { ObservedLog } from '../../../model/telemetry.ts';
import type { Batch } from '../../../store/index.ts';
import { createOutcome, MAX_NAME_LENGTH } from '../../outcome.ts';
import { TextCache } from '../../text.ts';
import type { DecodeContext, DecodeOutcome, Decoder } from '../../types.ts';
import { toAttributes, WireAttributes } from './attributes.ts';
import { forEachRecord, forEachScope, type ScopeRanges } from './export-request.ts';
import { addCapped, msOfHalves, nsHalves, ScopeRun, type TimeHalves } from './scope-run.ts';
import { streamResolver } from './streams.ts';
import { WireReader } from './wire.ts';

/** `severity_text` is a word of a small vocabulary; what is longer is cut. */
export const MAX_SEVERITY_TEXT_LENGTH = 64;
/** Numbers outside the specification's range count as unset. */
export const MAX_SEVERITY_NUMBER = 24;

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/**
 * Decodes ExportLogsServiceRequest from protobuf into `logs` and `streams`.
 *
 * A record is read into offsets first and appended only when it is good. A trace or span id of the wrong length is left out;
 * a record without time gets its observed time, or else the server's.
 *
 * Spec: opentelemetry-proto, logs/v1/logs.proto.
 */
export const decodeLogsProtobuf: Decoder = (body, context) => logsDecoder.decode(body, context);

/** Tag of `repeated KeyValue attributes = 6`. */
const ATTRIBUTE_TAG = 0x32;

class LogsDecoder {
  readonly #reader = new WireReader();
  readonly #attributes = new WireAttributes(this.#reader);
  readonly #body = new WireAttributes(this.#reader);
  readonly #names = new TextCache();
  #now: TimeHalves = { low: 0, high: 0 };

  // The record being read: offsets into the body, -1 or an empty range when absent.
  #timeAt = -1;
  #observedAt = -1;
  #severity = 0;
  #severityStart = 0;
  #severityEnd = 0;
  #eventStart = 0;
  #eventEnd = 0;
  #traceAt = -1;
  #spanAt = -1;
  #flags = 0;
  #dropped = 0;
  // What follows from it.
  #tsLow = 0;
  #tsHigh = 0;

  decode(body: Uint8Array, context: DecodeContext): DecodeOutcome {
    const outcome = createOutcome();
    const reader = this.#reader;
    this.#now = nsHalves(context.nowMs);
    reader.reset(body);
    try {
      forEachScope(reader, (ranges) => this.#scope(ranges, context, outcome));
    } finally {
      reader.reset();
    }
    return outcome;
  }

  #scope(ranges: ScopeRanges, context: DecodeContext, outcome: DecodeOutcome): void {
    const reader = this.#reader;
    const run = new ScopeRun(context, outcome, streamResolver.fromWire(reader, ranges, context), 'logs');
    forEachRecord(reader, ranges, (start, stop) => {
      if (run.refusesNext()) return;
      this.#read(start, stop, run);
      this.#keep(run);
    });
  }

  /**
   * LogRecord { fixed64 time_unix_nano = 1; enum severity_number = 2; string severity_text = 3; AnyValue body = 5;
   * repeated KeyValue attributes = 6; uint32 dropped_attributes_count = 7; fixed32 flags = 8; bytes trace_id = 9;
   * bytes span_id = 10; fixed64 observed_time_unix_nano = 11; string event_name = 12 }
   */
  #read(start: number, end: number, run: ScopeRun): void {
    const reader = this.#reader;
    this.#clear(run);
    reader.seek(start, end);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      switch (field) {
        case 6:
          this.#readAttributes(end);
          break;
        case 1:
          this.#timeAt = reader.fixed64();
          break;
        case 11:
          this.#observedAt = reader.fixed64();
          break;
        case 5: {
          reader.range();
          const { stop } = reader;
          this.#body.clear(run.context.limits);
          this.#body.open();
          this.#body.addValue(reader.start, stop);
          reader.seek(stop, end);
          break;
        }
        default:
          this.#readRest(field);
      }
    }
  }

  /** Reads the attribute whose tag was just read, and those that follow it directly. */
  #readAttributes(end: number): void {
    const reader = this.#reader;
    const from = reader.pos - 1;
    let stop = this.#attributes.addFields(ATTRIBUTE_TAG, from, end);
    if (stop === from) {
      reader.range();
      stop = reader.stop;
      this.#attributes.add(reader.start, stop);
    }
    reader.seek(stop, end);
  }

  #readRest(field: number): void {
    const reader = this.#reader;
    if (field === 2) this.#severity = reader.varint();
    else if (field === 7) this.#dropped = reader.varint();
    else if (field === 8) this.#flags = reader.fixed32();
    else if (field === 3) {
      reader.range();
      this.#severityStart = reader.start;
      this.#severityEnd = reader.stop;
    } else if (field === 9) {
      reader.range();
      this.#traceAt = reader.stop - reader.start === TRACE_ID_BYTES ? reader.start : -1;
    } else if (field === 10) {
      reader.range();
      this.#spanAt = reader.stop - reader.start === SPAN_ID_BYTES ? reader.start : -1;
    } else if (field === 12) {
      reader.range();
      this.#eventStart = reader.start;
      this.#eventEnd = reader.stop;
    } else reader.skip();
  }

  #clear(run: ScopeRun): void {
    const { limits } = run.context;
    this.#attributes.clear(limits);
    this.#attributes.open();
    this.#body.clear(limits);
    this.#timeAt = this.#observedAt = this.#traceAt = this.#spanAt = -1;
    this.#severity = this.#flags = this.#dropped = 0;
    this.#severityStart = this.#severityEnd = this.#eventStart = this.#eventEnd = 0;
  }

  #keep(run: ScopeRun): void {
    const attributes = this.#attributes;
    if (run.refusesDepth(attributes.isTooDeep || this.#body.isTooDeep)) return;
    this.#findTime();
    const tsMs = msOfHalves(this.#tsLow, this.#tsHigh);
    if (run.refusesTime(tsMs)) return;
    const eventName = this.#names.get(this.#reader, this.#eventStart, this.#eventEnd, MAX_NAME_LENGTH);
    this.#append(run, eventName);
    run.accept(attributes.cutCount + this.#body.cutCount, attributes.dropped(0));
    run.observer?.log(run.stream.origin, this.#observed(tsMs, eventName));
  }

  /** Time, else observed time, else now. */
  #findTime(): void {
    const { view } = this.#reader;
    for (const at of [this.#timeAt, this.#observedAt]) {
      if (at < 0) continue;
      this.#tsLow = view.getUint32(at, true);
      this.#tsHigh = view.getUint32(at + 4, true);
      if (this.#tsLow !== 0 || this.#tsHigh !== 0) return;
    }
    this.#tsLow = this.#now.low;
    this.#tsHigh = this.#now.high;
  }

  #append(run: ScopeRun, eventName: string): void {
    const { view } = this.#reader;
    const rows = run.context.batch.logs;
    const { stream } = run;
    rows.ts.appendParts(this.#tsLow, this.#tsHigh);
    this.#appendObserved(rows);
    rows.stream_id.appendParts(stream.idLow, stream.idHigh);
    rows.service_name.append(stream.origin.serviceName);
    rows.severity_number.append(this.#severity <= MAX_SEVERITY_NUMBER ? this.#severity : 0);
    rows.severity_text.append(
      this.#names.get(this.#reader, this.#severityStart, this.#severityEnd, MAX_SEVERITY_TEXT_LENGTH),
    );
    rows.event_name.append(eventName);
    if (this.#traceAt < 0) rows.trace_id.appendZero();
    else rows.trace_id.appendWords(view, this.#traceAt);
    if (this.#spanAt < 0) rows.span_id.appendZero();
    else rows.span_id.appendWords(view, this.#spanAt);
    rows.trace_flags.append(this.#flags & 0xff);
    if (this.#body.lists === 0) {
      rows.body.append('');
      rows.body_type.append('n');
    } else {
      this.#body.appendValue(0, 0, rows.body);
      rows.body_type.append(this.#body.types(0));
    }
    this.#attributes.appendTo(0, rows.attributes);
    rows.attribute_types.append(this.#attributes.types(0));
    rows.dropped_attributes.append(addCapped(this.#dropped, this.#attributes.dropped(0)));
  }

  /** The observed time; now when it is absent or beyond what the column can hold (2262). */
  #appendObserved(rows: Batch['logs']): void {
    const { view } = this.#reader;
    const at = this.#observedAt;
    const low = at < 0 ? 0 : view.getUint32(at, true);
    const high = at < 0 ? 0 : view.getUint32(at + 4, true);
    if ((low === 0 && high === 0) || high > 0x7fff_ffff) {
      rows.observed_ts.appendParts(this.#now.low, this.#now.high);
    } else rows.observed_ts.appendParts(low, high);
  }

  #observed(tsMs: number, eventName: string): ObservedLog {
    const { bytes } = this.#reader;
    const hasText = this.#body.lists > 0 && this.#body.types(0) === 's';
    return {
      tsMs,
      eventName,
      body: hasText ? this.#body.text(0, 0) : '',
      attributes: toAttributes(this.#attributes, 0),
      traceId: this.#traceAt < 0 ? undefined : bytes.subarray(this.#traceAt, this.#traceAt + TRACE_ID_BYTES),
      spanId: this.#spanAt < 0 ? undefined : bytes.subarray(this.#spanAt, this.#spanAt + SPAN_ID_BYTES),
    };
  }
}

const logsDecoder = new LogsDecoder();

import type { Batch } from '../../../store/index.ts';
import { createOutcome, MAX_NAME_LENGTH } from '../../outcome.ts';
import { characterBoundary, TextCache } from '../../text.ts';
import type { DecodeContext, DecodeOutcome, Decoder } from '../../types.ts';
import { toAttributes, WireAttributes } from './attributes.ts';
import { forEachRecord, forEachScope, type ScopeRanges } from './export-request.ts';
import { addCapped, msOfHalves, ScopeRun } from './scope-run.ts';
import { SpanChildren } from './span-children.ts';
import {
  badIdMessage,
  isZero,
  MAX_TRACE_STATE_BYTES,
  SPAN_ID_BYTES,
  type SpanTimes,
  settleTimes,
  spanKind,
  statusCode,
  TRACE_ID_BYTES,
} from './span-rules.ts';
import { streamResolver } from './streams.ts';
import { WireReader } from './wire.ts';

/**
 * Decodes ExportTraceServiceRequest from protobuf into `spans` and `streams`.
 *
 * A span is refused with `bad_id` when its trace or span id is not what W3C asks for, and with `no_time` when it has
 * neither start nor end.
 *
 * Spec: opentelemetry-proto, trace/v1/trace.proto.
 */
export const decodeTracesProtobuf: Decoder = (body, context) => tracesDecoder.decode(body, context);

/** Bounds of a length-delimited field; empty when absent. */
interface Range {
  start: number;
  end: number;
}

/** Tag of `repeated KeyValue attributes = 9`. */
const ATTRIBUTE_TAG = 0x4a;

class TracesDecoder {
  readonly #reader = new WireReader();
  readonly #attributes = new WireAttributes(this.#reader);
  readonly #names = new TextCache();
  readonly #children = new SpanChildren(this.#reader, this.#names);

  // The span being read.
  readonly #traceId: Range = { start: 0, end: 0 };
  readonly #spanId: Range = { start: 0, end: 0 };
  readonly #parentId: Range = { start: 0, end: 0 };
  readonly #traceState: Range = { start: 0, end: 0 };
  readonly #name: Range = { start: 0, end: 0 };
  readonly #statusMessage: Range = { start: 0, end: 0 };
  readonly #times: SpanTimes = {
    startLow: 0,
    startHigh: 0,
    endLow: 0,
    endHigh: 0,
    durationLow: 0,
    durationHigh: 0,
  };
  #kind = 0;
  #flags = 0;
  #statusCode = 0;
  #dropped = 0;
  #cutCount = 0;

  decode(body: Uint8Array, context: DecodeContext): DecodeOutcome {
    const outcome = createOutcome();
    const reader = this.#reader;
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
    const run = new ScopeRun(context, outcome, streamResolver.fromWire(reader, ranges, context), 'traces');
    forEachRecord(reader, ranges, (start, stop) => {
      if (run.refusesNext()) return;
      this.#read(start, stop, run);
      this.#keep(run);
    });
  }

  /**
   * Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
   * enum kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
   * uint32 dropped_attributes_count = 10; repeated Event events = 11; uint32 dropped_events_count = 12;
   * repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15; fixed32 flags = 16 }
   */
  #read(start: number, end: number, run: ScopeRun): void {
    const reader = this.#reader;
    this.#clear(run);
    reader.seek(start, end);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      switch (field) {
        case 9:
          this.#readAttributes(end);
          break;
        case 11:
          reader.range();
          this.#children.noteEvent(reader.start, reader.stop);
          break;
        case 13:
          reader.range();
          this.#children.noteLink(reader.start, reader.stop);
          break;
        case 15: {
          const outerEnd = reader.enter();
          this.#readStatus();
          reader.leave(outerEnd);
          break;
        }
        default:
          this.#readRest(field);
      }
    }
    this.#children.read();
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
    const times = this.#times;
    if (field <= 5) setRange(this.#rangeOf(field), reader);
    else if (field === 6) this.#kind = reader.varint();
    else if (field === 7) {
      const at = reader.fixed64();
      times.startLow = reader.view.getUint32(at, true);
      times.startHigh = reader.view.getUint32(at + 4, true);
    } else if (field === 8) {
      const at = reader.fixed64();
      times.endLow = reader.view.getUint32(at, true);
      times.endHigh = reader.view.getUint32(at + 4, true);
    } else if (field === 10) this.#dropped = reader.varint();
    else if (field === 12) this.#children.droppedEvents += reader.varint();
    else if (field === 14) this.#children.droppedLinks += reader.varint();
    else if (field === 16) this.#flags = reader.fixed32();
    else reader.skip();
  }

  #rangeOf(field: number): Range {
    if (field === 1) return this.#traceId;
    if (field === 2) return this.#spanId;
    if (field === 3) return this.#traceState;
    return field === 4 ? this.#parentId : this.#name;
  }

  /** Status { string message = 2; enum code = 3 } */
  #readStatus(): void {
    const reader = this.#reader;
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 2) setRange(this.#statusMessage, reader);
      else if (field === 3) this.#statusCode = reader.varint();
      else reader.skip();
    }
  }

  #clear(run: ScopeRun): void {
    const { limits } = run.context;
    this.#attributes.clear(limits);
    this.#attributes.open();
    this.#children.clear(limits);
    for (let field = 1; field <= 5; field++) clearRange(this.#rangeOf(field));
    clearRange(this.#statusMessage);
    const times = this.#times;
    times.startLow = times.startHigh = times.endLow = times.endHigh = 0;
    this.#kind = this.#flags = this.#statusCode = this.#dropped = this.#cutCount = 0;
  }

  #keep(run: ScopeRun): void {
    const attributes = this.#attributes;
    if (run.refusesDepth(attributes.isTooDeep || this.#children.isTooDeep)) return;
    if (this.#refusesIds(run)) return;
    const times = this.#times;
    if (!settleTimes(times)) {
      run.reject('no_time', 'a span has neither a start nor an end time');
      return;
    }
    const startMs = msOfHalves(times.startLow, times.startHigh);
    if (run.refusesTime(startMs)) return;
    const endMs = msOfHalves(times.endLow, times.endHigh);
    if (endMs > run.context.nowMs && run.refusesTime(endMs)) return;
    const name = this.#names.get(this.#reader, this.#name.start, this.#name.end, MAX_NAME_LENGTH);
    this.#append(run, name);
    run.accept(attributes.cutCount + this.#children.cutCount + this.#cutCount, attributes.dropped(0));
    if (run.observer !== undefined) this.#observe(run, name, startMs);
  }

  #refusesIds(run: ScopeRun): boolean {
    const parent = this.#parentId;
    return (
      this.#refusesId(run, 'trace_id', this.#traceId, TRACE_ID_BYTES) ||
      this.#refusesId(run, 'span_id', this.#spanId, SPAN_ID_BYTES) ||
      (parent.end !== parent.start &&
        parent.end - parent.start !== SPAN_ID_BYTES &&
        this.#refusesId(run, 'parent_span_id', parent, SPAN_ID_BYTES))
    );
  }

  #refusesId(run: ScopeRun, name: string, { start, end }: Range, expected: number): boolean {
    if (end - start === expected && !isZero(this.#reader.bytes, start, end)) return false;
    run.reject('bad_id', () => badIdMessage(name, end - start, expected));
    return true;
  }

  #append(run: ScopeRun, name: string): void {
    const { view } = this.#reader;
    const rows = run.context.batch.spans;
    const { stream } = run;
    const times = this.#times;
    rows.trace_id.appendWords(view, this.#traceId.start);
    rows.span_id.appendWords(view, this.#spanId.start);
    if (this.#parentId.end === this.#parentId.start) rows.parent_span_id.appendZero();
    else rows.parent_span_id.appendWords(view, this.#parentId.start);
    this.#appendCut(rows.trace_state, this.#traceState, MAX_TRACE_STATE_BYTES);
    rows.trace_flags.append(this.#flags);
    rows.name.append(name);
    rows.kind.append(spanKind(this.#kind));
    rows.start_ts.appendParts(times.startLow, times.startHigh);
    rows.duration_ns.appendParts(times.durationLow, times.durationHigh);
    rows.status_code.append(statusCode(this.#statusCode));
    this.#appendCut(rows.status_message, this.#statusMessage, run.context.limits.valueBytes);
    rows.stream_id.appendParts(stream.idLow, stream.idHigh);
    rows.service_name.append(stream.origin.serviceName);
    this.#attributes.appendTo(0, rows.attributes);
    rows.attribute_types.append(this.#attributes.types(0));
    rows.dropped_attributes.append(addCapped(this.#dropped, this.#attributes.dropped(0)));
    this.#children.append(rows, times.startLow, times.startHigh);
  }

  #appendCut(column: Batch['spans']['trace_state'], { start, end }: Range, maxBytes: number): void {
    const { bytes, view } = this.#reader;
    if (end - start <= maxBytes) column.appendText(bytes, view, start, end);
    else {
      column.appendText(bytes, view, start, characterBoundary(bytes, start, start + maxBytes));
      this.#cutCount++;
    }
  }

  #observe(run: ScopeRun, name: string, startMs: number): void {
    const { bytes } = this.#reader;
    const parent = this.#parentId;
    const isRoot = parent.end === parent.start || isZero(bytes, parent.start, parent.end);
    const message = this.#statusMessage;
    run.observer?.span(run.stream.origin, {
      name,
      startMs,
      durationMs: msOfHalves(this.#times.durationLow, this.#times.durationHigh),
      statusCode: statusCode(this.#statusCode),
      statusMessage: this.#reader.text(
        message.start,
        Math.min(message.end, message.start + run.context.limits.valueBytes),
      ),
      attributes: toAttributes(this.#attributes, 0),
      traceId: bytes.subarray(this.#traceId.start, this.#traceId.end),
      spanId: bytes.subarray(this.#spanId.start, this.#spanId.end),
      parentSpanId: isRoot ? undefined : bytes.subarray(parent.start, parent.end),
    });
  }
}

function setRange(range: Range, reader: WireReader): void {
  reader.range();
  range.start = reader.start;
  range.end = reader.stop;
}

function clearRange(range: Range): void {
  range.start = range.end = 0;
}

const tracesDecoder = new TracesDecoder();

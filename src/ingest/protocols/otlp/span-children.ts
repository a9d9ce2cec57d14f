import type { Batch } from '../../../store/index.ts';
import { MAX_NAME_LENGTH } from '../../outcome.ts';
import { characterBoundary, type TextCache } from '../../text.ts';
import type { IngestLimits } from '../../types.ts';
import { WireAttributes } from './attributes.ts';
import { addCapped } from './scope-run.ts';
import {
  MAX_SPAN_EVENTS,
  MAX_SPAN_LINKS,
  MAX_TRACE_STATE_BYTES,
  SPAN_ID_BYTES,
  TRACE_ID_BYTES,
} from './span-rules.ts';
import type { WireReader } from './wire.ts';

/** Numbers per event in `#events`: time's offset or -1, name's start and end. Per link: offsets of both ids, state's start and end. */
const EVENT = 3;
const LINK = 4;

/** Events and links of the span being read, as offsets into the body. Reused from span to span. */
export class SpanChildren {
  /** As sent, plus what was left out here. */
  droppedEvents = 0;
  droppedLinks = 0;
  readonly #reader: WireReader;
  readonly #names: TextCache;
  /** One list per event, then one per link. */
  readonly #attributes: WireAttributes;
  /** Start and end of the messages, noted while the span itself is read. */
  readonly #eventRanges: number[] = [];
  readonly #linkRanges: number[] = [];
  readonly #events: number[] = [];
  readonly #links: number[] = [];

  constructor(reader: WireReader, names: TextCache) {
    this.#reader = reader;
    this.#names = names;
    this.#attributes = new WireAttributes(reader);
  }

  get isTooDeep(): boolean {
    return this.#attributes.isTooDeep;
  }

  get cutCount(): number {
    return this.#attributes.cutCount;
  }

  clear(limits: IngestLimits): void {
    this.droppedEvents = this.droppedLinks = 0;
    if (this.#eventRanges.length > 0) this.#eventRanges.length = this.#events.length = 0;
    if (this.#linkRanges.length > 0) this.#linkRanges.length = this.#links.length = 0;
    this.#attributes.clear(limits);
  }

  noteEvent(start: number, end: number): void {
    if (this.#eventRanges.length >= MAX_SPAN_EVENTS * 2) this.droppedEvents++;
    else this.#eventRanges.push(start, end);
  }

  noteLink(start: number, end: number): void {
    if (this.#linkRanges.length >= MAX_SPAN_LINKS * 2) this.droppedLinks++;
    else this.#linkRanges.push(start, end);
  }

  /** Reads what was noted. Moves the reader. */
  read(): void {
    const events = this.#eventRanges;
    for (let i = 0; i < events.length; i += 2) this.#readEvent(events[i]!, events[i + 1]!);
    const links = this.#linkRanges;
    for (let i = 0; i < links.length; i += 2) this.#readLink(links[i]!, links[i + 1]!);
  }

  /** Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3 } */
  #readEvent(start: number, end: number): void {
    const reader = this.#reader;
    this.#attributes.open();
    let timeAt = -1;
    let nameStart = 0;
    let nameEnd = 0;
    reader.seek(start, end);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 1) timeAt = reader.fixed64();
      else if (field === 2) {
        reader.range();
        nameStart = reader.start;
        nameEnd = reader.stop;
      } else if (field === 3) this.#addAttribute(end);
      else reader.skip();
    }
    this.#events.push(timeAt, nameStart, nameEnd);
  }

  /** Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4 } */
  #readLink(start: number, end: number): void {
    const reader = this.#reader;
    this.#attributes.open();
    let traceAt = -1;
    let spanAt = -1;
    let stateStart = 0;
    let stateEnd = 0;
    reader.seek(start, end);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field > 4) reader.skip();
      else if (field === 4) this.#addAttribute(end);
      else {
        reader.range();
        const length = reader.stop - reader.start;
        if (field === 1) traceAt = length === TRACE_ID_BYTES ? reader.start : -1;
        else if (field === 2) spanAt = length === SPAN_ID_BYTES ? reader.start : -1;
        else {
          stateStart = reader.start;
          stateEnd = reader.stop;
        }
      }
    }
    this.#links.push(traceAt, spanAt, stateStart, stateEnd);
  }

  #addAttribute(end: number): void {
    const reader = this.#reader;
    reader.range();
    const { stop } = reader;
    this.#attributes.add(reader.start, stop);
    reader.seek(stop, end);
  }

  /**
   * Appends the columns of events and links.
   *
   * @param startLow the span's start, which stands in for an event's time that is absent or beyond 2262.
   */
  append(rows: Batch['spans'], startLow: number, startHigh: number): void {
    const eventCount = this.#events.length / EVENT;
    for (let i = 0; i < eventCount; i++) this.#appendEvent(rows, i, startLow, startHigh);
    rows.event_ts.close();
    rows.event_name.close();
    rows.event_attributes.close();
    rows.event_attribute_types.close();
    let badLinks = 0;
    const linkCount = this.#links.length / LINK;
    for (let i = 0; i < linkCount; i++) if (!this.#appendLink(rows, i, eventCount + i)) badLinks++;
    rows.link_trace_id.close();
    rows.link_span_id.close();
    rows.link_trace_state.close();
    rows.link_attributes.close();
    rows.link_attribute_types.close();
    rows.dropped_events.append(addCapped(this.droppedEvents, 0));
    rows.dropped_links.append(addCapped(this.droppedLinks, badLinks));
  }

  #appendEvent(rows: Batch['spans'], index: number, startLow: number, startHigh: number): void {
    const { view } = this.#reader;
    const at = index * EVENT;
    const timeAt = this.#events[at]!;
    const nameStart = this.#events[at + 1]!;
    const nameEnd = this.#events[at + 2]!;
    const low = timeAt < 0 ? 0 : view.getUint32(timeAt, true);
    const high = timeAt < 0 ? 0 : view.getUint32(timeAt + 4, true);
    if ((low === 0 && high === 0) || high > 0x7fff_ffff) rows.event_ts.items.appendParts(startLow, startHigh);
    else rows.event_ts.items.appendParts(low, high);
    rows.event_name.items.append(this.#names.get(this.#reader, nameStart, nameEnd, MAX_NAME_LENGTH));
    this.#attributes.appendTo(index, rows.event_attributes.items);
    rows.event_attribute_types.items.append(this.#attributes.types(index));
  }

  /** A link without proper ids leads nowhere: it is left out. */
  #appendLink(rows: Batch['spans'], index: number, list: number): boolean {
    const { bytes, view } = this.#reader;
    const at = index * LINK;
    const traceAt = this.#links[at]!;
    const spanAt = this.#links[at + 1]!;
    const stateStart = this.#links[at + 2]!;
    const stateEnd = this.#links[at + 3]!;
    if (traceAt < 0 || spanAt < 0) return false;
    rows.link_trace_id.items.appendWords(view, traceAt);
    rows.link_span_id.items.appendWords(view, spanAt);
    const isLong = stateEnd - stateStart > MAX_TRACE_STATE_BYTES;
    const stop = isLong ? characterBoundary(bytes, stateStart, stateStart + MAX_TRACE_STATE_BYTES) : stateEnd;
    rows.link_trace_state.items.appendText(bytes, view, stateStart, stop);
    this.#attributes.appendTo(list, rows.link_attributes.items);
    rows.link_attribute_types.items.append(this.#attributes.types(list));
    return true;
  }
}

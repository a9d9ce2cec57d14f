import type { WireReader } from '../otlp/wire.ts';

/* Small messages of the protobuf exposition. They keep their memory between metrics. */

/** A `google.protobuf.Timestamp` in epoch milliseconds; enters and leaves the message. */
export function readTimestamp(reader: WireReader): number {
  const outer = reader.enter();
  let seconds = 0;
  let nanos = 0;
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field === 1) {
      reader.varint64();
      seconds = signedNumber(reader);
    } else if (field === 2) {
      reader.varint64();
      nanos = signedNumber(reader);
    } else reader.skip();
  }
  reader.leave(outer);
  const timeMs = seconds * 1000 + Math.trunc(nanos / 1_000_000);
  if (!Number.isSafeInteger(timeMs)) reader.fail('a time is out of range');
  return timeMs;
}

/** The last varint as an int64. */
export function signedNumber(reader: WireReader): number {
  return (reader.high | 0) * 0x1_0000_0000 + reader.low;
}

/** The last varint as milliseconds, 0 being none. */
export function signedMs(reader: WireReader): number | undefined {
  const timeMs = signedNumber(reader);
  if (!Number.isSafeInteger(timeMs)) reader.fail('a time is out of range');
  return timeMs === 0 ? undefined : timeMs;
}

/** Value of a `Gauge` or `Untyped`. */
export function numberValueOf(reader: WireReader): number {
  let value = 0;
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field === 1) value = reader.double();
    else reader.skip();
  }
  return value;
}

export class CounterMessage {
  value = 0;
  startMs: number | undefined = undefined;
  /** Bounds of the exemplar's message, or empty. */
  exemplars: number[] = [];

  read(reader: WireReader): void {
    this.value = 0;
    this.startMs = undefined;
    this.exemplars = [];
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 1) this.value = reader.double();
      else if (field === 2) {
        reader.range();
        this.exemplars = [reader.start, reader.stop];
      } else if (field === 3) this.startMs = readTimestamp(reader) || undefined;
      else reader.skip();
    }
  }
}

export class SummaryMessage {
  count = 0;
  sum = 0;
  startMs: number | undefined = undefined;
  quantiles: number[] = [];
  values: number[] = [];

  read(reader: WireReader): void {
    this.count = 0;
    this.sum = 0;
    this.startMs = undefined;
    this.quantiles = [];
    this.values = [];
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 1) this.count = reader.varint();
      else if (field === 2) this.sum = reader.double();
      else if (field === 3) this.#quantile(reader);
      else if (field === 4) this.startMs = readTimestamp(reader) || undefined;
      else reader.skip();
    }
  }

  #quantile(reader: WireReader): void {
    const outer = reader.enter();
    let quantile = 0;
    let value = 0;
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 1) quantile = reader.double();
      else if (field === 2) value = reader.double();
      else reader.skip();
    }
    reader.leave(outer);
    this.quantiles.push(quantile);
    this.values.push(value);
  }
}

import type { WireReader } from '../otlp/wire.ts';
import { int64 } from './histogram.ts';

/**
 * Reads `Sample { double value = 1; int64 timestamp = 2 }` of both versions; 2.0 adds `int64 start_timestamp = 3`, which says nothing
 * that is stored for a sample.
 */
export class SampleReader {
  readonly #reader: WireReader;
  timeMs = 0;
  /** Where the value lies in the body, -1 for a zero that was left out. */
  valueAt = -1;

  constructor(reader: WireReader) {
    this.#reader = reader;
  }

  read(start: number, end: number): void {
    const reader = this.#reader;
    this.timeMs = 0;
    this.valueAt = -1;
    reader.seek(start, end);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 1) this.valueAt = reader.fixed64();
      else if (field === 2) this.timeMs = int64(reader);
      else reader.skip();
    }
  }
}

import type { WireReader } from './wire.ts';

/**
 * One scope of an export request, as ranges of the body. The requests of the three signals have the same shape down to here:
 *
 *     ExportXxxServiceRequest { repeated ResourceXxx = 1 }
 *     ResourceXxx { Resource resource = 1; repeated ScopeXxx = 2; string schema_url = 3 }
 *     ScopeXxx { InstrumentationScope scope = 1; repeated record = 2; string schema_url = 3 }
 *
 * Absent parts have start = end.
 */
export class ScopeRanges {
  resourceStart = 0;
  resourceEnd = 0;
  resourceUrlStart = 0;
  resourceUrlEnd = 0;
  scopeStart = 0;
  scopeEnd = 0;
  scopeUrlStart = 0;
  scopeUrlEnd = 0;
  /** The whole ScopeXxx message: its fields number 2 are the records. */
  start = 0;
  end = 0;
}

/**
 * Calls `visit` for every scope, after its resource, scope and schema URLs are known whatever their order on the wire. The
 * reader is free for `visit` to use; it need not be put back.
 *
 * @param reader reset to the request's body.
 * @param visit gets the same object each time.
 */
export function forEachScope(reader: WireReader, visit: (ranges: ScopeRanges) => void): void {
  const ranges = new ScopeRanges();
  const end = reader.end;
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field !== 1) {
      reader.skip();
      continue;
    }
    reader.range();
    const { start, stop } = reader;
    readResourceGroup(reader, ranges, start, stop, visit);
    reader.seek(stop, end);
  }
}

/**
 * Calls `visit` with the range of every record of a scope (of metrics: of every metric). The reader is free for `visit` to use.
 */
export function forEachRecord(
  reader: WireReader,
  scope: Readonly<Pick<ScopeRanges, 'start' | 'end'>>,
  visit: (start: number, stop: number) => void,
): void {
  const { start: scopeStart, end } = scope;
  reader.seek(scopeStart, end);
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field !== 2) {
      reader.skip();
      continue;
    }
    reader.range();
    const { start, stop } = reader;
    visit(start, stop);
    reader.seek(stop, end);
  }
}

function readResourceGroup(
  reader: WireReader,
  ranges: ScopeRanges,
  start: number,
  end: number,
  visit: (ranges: ScopeRanges) => void,
): void {
  ranges.resourceStart = ranges.resourceEnd = ranges.resourceUrlStart = ranges.resourceUrlEnd = 0;
  reader.seek(start, end);
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field === 1) {
      reader.range();
      ranges.resourceStart = reader.start;
      ranges.resourceEnd = reader.stop;
    } else if (field === 3) {
      reader.range();
      ranges.resourceUrlStart = reader.start;
      ranges.resourceUrlEnd = reader.stop;
    } else reader.skip();
  }
  reader.seek(start, end);
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field !== 2) {
      reader.skip();
      continue;
    }
    reader.range();
    const { start: scopeStart, stop } = reader;
    readScopeGroup(reader, ranges, scopeStart, stop);
    visit(ranges);
    reader.seek(stop, end);
  }
}

function readScopeGroup(reader: WireReader, ranges: ScopeRanges, start: number, end: number): void {
  ranges.start = start;
  ranges.end = end;
  ranges.scopeStart = ranges.scopeEnd = ranges.scopeUrlStart = ranges.scopeUrlEnd = 0;
  reader.seek(start, end);
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field === 1) {
      reader.range();
      ranges.scopeStart = reader.start;
      ranges.scopeEnd = reader.stop;
    } else if (field === 3) {
      reader.range();
      ranges.scopeUrlStart = reader.start;
      ranges.scopeUrlEnd = reader.stop;
    } else reader.skip();
  }
}

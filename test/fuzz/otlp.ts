import { otlpProtocols } from '../../src/ingest/protocols/otlp/index.ts';
import {
  bodyOf,
  isJson,
  type Recording,
  recordings,
  testContext,
} from '../../src/ingest/protocols/otlp/testing/context.ts';
import type { DecodeContext, DecodeOutcome, Protocol } from '../../src/ingest/types.ts';
import { DecodeError } from '../../src/lib/errors.ts';
import type { Batch, Column } from '../../src/store/index.ts';
import { rowsOf } from '../../src/store/testing/native-rows.ts';

export interface FuzzOptions {
  /** Requests to decode. */
  readonly cases: number;
  /** The same seed makes the same requests. */
  readonly seed: number;
}

export interface FuzzResult {
  readonly cases: number;
  /** Requests that were still OTLP after the damage, and those that were not. */
  readonly decoded: number;
  readonly refused: number;
}

interface Subject {
  readonly name: string;
  readonly body: Buffer;
  readonly protocol: Protocol;
}

/** The blocks are emptied this often, after they were read back. */
const CASES_PER_BLOCK = 100;

/**
 * Damages recorded requests of every signal and encoding and decodes them as the pipeline would.
 *
 * Each must decode or throw a DecodeError; one that throws must leave the batch as it was, one that decodes must leave whole rows that
 * a reader of the format understands. The error of the first that does not names the case, so that `seed` and number repeat it.
 */
export function fuzzOtlp({ cases, seed }: FuzzOptions): FuzzResult {
  const random = generator(seed);
  const subjects = recordings().map(subjectOf);
  const context = testContext();
  let decoded = 0;
  for (let i = 0; i < cases; i++) {
    const subject = subjects[random(subjects.length)]!;
    const body = damaged(subject, subjects, random);
    try {
      if (decodeOne(subject.protocol, body, context)) decoded++;
      if (i % CASES_PER_BLOCK === CASES_PER_BLOCK - 1) readBack(context.batch);
    } catch (error) {
      throw new Error(`case ${i} of seed ${seed} (${subject.name}): ${String(error)}`, { cause: error });
    }
  }
  return { cases, decoded, refused: cases - decoded };
}

function subjectOf(recording: Recording): Subject {
  const contentType = isJson(recording) ? 'application/json' : 'application/x-protobuf';
  const protocol = otlpProtocols.find(
    (candidate) => candidate.signal === recording.signal && candidate.contentType === contentType,
  )!;
  return { name: recording.file, body: bodyOf(recording), protocol };
}

/** Whether the request was OTLP. */
function decodeOne(protocol: Protocol, body: Uint8Array, context: DecodeContext): boolean {
  const before = sizes(context.batch);
  eachColumn(context.batch, (column) => column.mark());
  context.streams.mark();
  let outcome: DecodeOutcome;
  try {
    outcome = protocol.decode(body, context);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    eachColumn(context.batch, (column) => column.rollback());
    context.streams.rollback();
    if (sizes(context.batch) !== before) throw new Error('a refused request left something behind');
    return false;
  }
  checkWhole(context.batch);
  checkOutcome(outcome);
  return true;
}

function checkWhole(batch: Batch): void {
  for (const [table, rows] of Object.entries(batch)) {
    const lengths = new Set(Object.values(rows).map((column: Column) => column.length));
    if (lengths.size > 1) throw new Error(`columns of ${table} have ${[...lengths].join(', ')} rows`);
  }
}

function checkOutcome(outcome: DecodeOutcome): void {
  const sum = (counts: Iterable<number>) => [...counts].reduce((total, count) => total + count, 0);
  const services = [...outcome.services.values()];
  const isConsistent =
    sum(services.map(({ accepted }) => accepted)) === outcome.accepted &&
    sum(services.map(({ rejected }) => rejected)) === outcome.rejected &&
    sum([...outcome.rejections.values()].map(({ count }) => count)) === outcome.rejected;
  if (!isConsistent) throw new Error('the outcome does not add up');
}

function readBack(batch: Batch): void {
  for (const rows of Object.values(batch)) rowsOf(rows);
  eachColumn(batch, (column) => column.clear());
}

function eachColumn(batch: Batch, act: (column: Column) => void): void {
  for (const rows of Object.values(batch)) for (const column of Object.values(rows)) act(column);
}

function sizes(batch: Batch): string {
  let text = '';
  eachColumn(batch, (column) => {
    text += `${column.length}:${column.byteLength} `;
  });
  return text;
}

type Random = (below: number) => number;

/** mulberry32: small, and the same on every machine. */
function generator(seed: number): Random {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  };
}

/** A copy of the subject's body with some damage, the same kinds for every encoding. */
function damaged(subject: Subject, subjects: readonly Subject[], random: Random): Buffer {
  const body = Buffer.from(subject.body);
  const at = random(body.length);
  switch (random(8)) {
    case 0:
      return body.subarray(0, at);
    case 1: {
      const end = Math.min(body.length, at + 1 + random(64));
      return Buffer.concat([body.subarray(0, end), body.subarray(at)]);
    }
    case 2:
      return Buffer.concat([body.subarray(0, at), body.subarray(at + 1 + random(16))]);
    case 3: {
      const other = subjects[random(subjects.length)]!.body;
      const from = random(other.length);
      return Buffer.concat([
        body.subarray(0, at),
        other.subarray(from, from + random(256)),
        body.subarray(at),
      ]);
    }
    case 4:
      return body.fill(0xff, at, Math.min(body.length, at + 1 + random(10)));
    default: {
      const count = 1 + random(4);
      for (let i = 0; i < count; i++) body[random(body.length)]! ^= 1 << random(8);
      return body;
    }
  }
}

import { expect, test } from 'vitest';
import { BellwetherError, DecodeError } from '../lib/errors.ts';
import { type Batch, createBatch } from '../store/index.ts';
import { createPipeline, type IngestWriter } from './pipeline.ts';
import { createSourceRegistry } from './sources.ts';
import type { Decoder, Sender, StreamRegistry } from './types.ts';

const nowMs = Date.UTC(2026, 10, 21, 12);
const sender: Sender = { address: '127.0.0.1', keyName: '', userAgent: '', protocol: 'otlp/http+protobuf' };
const limits = {
  bodyBytes: 1000,
  recordsPerRequest: 10,
  attributesPerRecord: 10,
  valueBytes: 100,
  valueDepth: 4,
  maxAgeMs: 0,
  maxFutureMs: 0,
};

interface Deferred {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

function deferred(): Deferred {
  let settle: Omit<Deferred, 'promise'> = { resolve() {}, reject() {} };
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

/** Marks and rolls back like the real one, over one column. */
class FakeWriter implements IngestWriter {
  readonly rows: Batch = createBatch();
  refusal: BellwetherError | undefined;
  readonly commit = deferred();
  admit = () => {
    if (this.refusal !== undefined) throw this.refusal;
  };
  batch = () => this.rows;
  mark = () => this.rows.logs.body.mark();
  rollback = () => this.rows.logs.body.rollback();
  committed = () => this.commit.promise;
}

class FakeRegistry implements StreamRegistry {
  readonly epoch = 0;
  readonly log: string[] = [];
  firstSeen = () => true;
  mark = () => void this.log.push('mark');
  rollback = () => void this.log.push('rollback');
  reset = () => void this.log.push('reset');
}

/** Each byte is a record; `~` is cut, `!` is rejected, `?` is not the protocol, `*` makes the decoder fail. */
const decode: Decoder = (body, { batch }) => {
  const tally = { service: 'bot', instance: '', version: '', accepted: 0, rejected: 0 };
  for (const byte of body) {
    const text = String.fromCharCode(byte);
    if (text === '?') throw new DecodeError('not the protocol');
    if (text === '*') throw new TypeError('a bug');
    if (text === '!') tally.rejected++;
    else {
      batch.logs.body.append(text);
      tally.accepted++;
    }
  }
  const rejection = { code: 'too_old', message: 'older than 30d', count: tally.rejected };
  const valuesCut = [...body].filter((byte) => byte === 0x7e).length;
  return {
    accepted: tally.accepted,
    rejected: tally.rejected,
    valuesCut,
    attributesDropped: 0,
    rejections: new Map(tally.rejected > 0 ? [['too_old', rejection]] : []),
    services: new Map(body.length > 0 ? [['bot', tally]] : []),
  };
};

function setUp() {
  const writer = new FakeWriter();
  const registry = new FakeRegistry();
  const sources = createSourceRegistry();
  const failures: string[] = [];
  const measured: string[] = [];
  const pipeline = createPipeline({
    writer,
    registry,
    sources,
    limits,
    clock: () => nowMs,
    decoders: [{ name: 'test', signal: 'logs', contentType: 'application/x-protobuf', decode }],
    onFailure: (message) => failures.push(message),
    meter: {
      accepted: (signal, records, bytes) => measured.push(`accepted ${signal} ${records} ${bytes}`),
      rejected: (signal, code, records) => measured.push(`rejected ${signal} ${code} ${records}`),
      refused: (signal, code) => measured.push(`refused ${signal} ${code}`),
      trimmed: (signal, values, attributes) => measured.push(`trimmed ${signal} ${values} ${attributes}`),
      acknowledged: () => {},
    },
  });
  const submit = (text: string) =>
    pipeline.submit({ signal: 'logs', encoding: 'application/x-protobuf', body: Buffer.from(text), sender });
  const row = () => sources.list(nowMs).sources[0];
  return { writer, registry, sources, failures, measured, pipeline, submit, row };
}

test('records count as accepted only once they are durable', async () => {
  const { writer, measured, submit, row } = setUp();
  const answer = submit('ab!');
  await Promise.resolve();
  expect([writer.rows.logs.body.length, row(), measured]).toEqual([2, undefined, []]);
  writer.commit.resolve();
  expect(await answer).toEqual({
    accepted: 2,
    rejected: 1,
    message: '1 of 3 rejected: 1 too_old (older than 30d)',
  });
  expect(row()).toMatchObject({ accepted: 2, rejected: 1, reasons: [{ code: 'too_old', count: 1 }] });
  expect(measured).toEqual(['accepted logs 2 3', 'rejected logs too_old 1']);
});

test('what is not the protocol leaves nothing behind and disturbs nobody', async () => {
  const { writer, registry, submit, row } = setUp();
  const good = submit('ab');
  await expect(submit('cd?')).rejects.toMatchObject({ status: 400, code: 'bad_input' });
  expect(writer.rows.logs.body.length).toBe(2);
  expect(registry.log).toEqual(['mark', 'mark', 'rollback']);
  expect(row()).toMatchObject({ service: '', rejected: 1, reasons: [{ code: 'bad_input' }] });
  writer.commit.resolve();
  expect(await good).toMatchObject({ accepted: 2 });
});

test('a bug in a decoder is a 500 that rolls back and is reported', async () => {
  const { writer, submit, failures } = setUp();
  await expect(submit('ab*')).rejects.toMatchObject({ status: 500, code: 'internal' });
  expect(writer.rows.logs.body.length).toBe(0);
  expect(failures).toEqual(['the otlp/http+protobuf decoder failed on a logs request']);
  writer.commit.resolve();
  expect(await submit('a')).toMatchObject({ accepted: 1 });
});

test('a writer that takes nothing now sends the sender away before anything is decoded', async () => {
  const { writer, registry, submit, row } = setUp();
  writer.refusal = new BellwetherError({ code: 'spool_full', status: 429, retryAfterS: 3, message: 'full' });
  await expect(submit('ab')).rejects.toMatchObject({ status: 429, retryAfterS: 3 });
  expect(registry.log).toEqual([]);
  expect(row()).toMatchObject({ rejected: 0, reasons: [{ code: 'spool_full', count: 1 }] });
});

test('a commit that fails is a 503 to try again, and nothing counts as accepted', async () => {
  const { writer, registry, submit, row, measured } = setUp();
  const answer = submit('ab');
  writer.commit.reject(new Error('no space left on device'));
  await expect(answer).rejects.toMatchObject({ status: 503, code: 'storage_unavailable', retryAfterS: 5 });
  expect(registry.log).toEqual(['mark', 'reset']);
  expect(row()).toMatchObject({ accepted: 0, rejected: 0 });
  expect(measured).toEqual(['refused logs storage_unavailable']);
});

test('a request without accepted records does not wait for a commit', async () => {
  const { submit } = setUp();
  expect(await submit('')).toEqual({ accepted: 0, rejected: 0, message: '' });
  expect(await submit('!!')).toMatchObject({ accepted: 0, rejected: 2 });
});

test('what was cut is told, and counted without counting as rejected', async () => {
  const { writer, submit, row, measured } = setUp();
  writer.commit.resolve();
  expect(await submit('a~')).toEqual({ accepted: 2, rejected: 0, message: '1 values were cut at 100 bytes' });
  expect(row()).toMatchObject({ accepted: 2, rejected: 0, reasons: [{ code: 'value_cut', count: 1 }] });
  expect(measured).toContain('trimmed logs 1 0');
});

test('an encoding without a decoder is a 415', async () => {
  const { pipeline } = setUp();
  const submission = { signal: 'logs', encoding: 'application/json', body: Buffer.alloc(0), sender } as const;
  await expect(pipeline.submit(submission)).rejects.toMatchObject({ status: 415 });
});

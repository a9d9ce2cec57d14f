import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type Batch, createBatch } from '../../../../store/index.ts';
import { MemoryStreamRegistry } from '../../../registry.ts';
import type { DecodeContext, Decoder, IngestLimits } from '../../../types.ts';

/* Help for the tests of the decoders. */

/** A little after the recordings were made. */
export const RECORDING_NOW_MS = Date.UTC(2026, 10, 25);

export const LIMITS: IngestLimits = {
  bodyBytes: 64 * 1024 * 1024,
  recordsPerRequest: 100_000,
  attributesPerRecord: 128,
  valueBytes: 65_536,
  valueDepth: 16,
  maxAgeMs: 30 * 86_400_000,
  maxFutureMs: 600_000,
};

export function testContext(
  changes: Partial<Omit<DecodeContext, 'limits'>> & { limits?: Partial<IngestLimits> } = {},
): DecodeContext {
  return {
    batch: createBatch(),
    nowMs: RECORDING_NOW_MS,
    streams: new MemoryStreamRegistry(),
    observer: undefined,
    ...changes,
    limits: { ...LIMITS, ...changes.limits },
  };
}

/** What the pipeline does around a decoder: everything of a request that throws is undone. */
export function decodeOrUndo(decode: Decoder, body: Uint8Array, context: DecodeContext) {
  eachColumn(context.batch, (column) => column.mark());
  context.streams.mark();
  try {
    return decode(body, context);
  } catch (error) {
    eachColumn(context.batch, (column) => column.rollback());
    context.streams.rollback();
    throw error;
  }
}

function eachColumn(batch: Batch, act: (column: { mark(): void; rollback(): void }) => void): void {
  for (const rows of Object.values(batch)) for (const column of Object.values(rows)) act(column);
}

/** Rows and bytes of every column: equal before and after means that nothing was kept. */
export function sizesOf(batch: Batch): string {
  const sizes = Object.entries(batch).map(([table, rows]) =>
    Object.entries(rows).map(([name, column]) => [table, name, column.length, column.byteLength]),
  );
  return JSON.stringify(sizes);
}

/** An entry of a recording's index.json. */
export interface Recording {
  readonly file: string;
  readonly signal: 'metrics' | 'logs' | 'traces';
  readonly scenario: string;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly points?: number;
  readonly records?: number;
  readonly spans?: number;
  readonly names: Readonly<Record<string, number>>;
  /** `claude-code` or `anthropic-sdk`. */
  readonly folder: string;
}

const FIXTURES = new URL('../../../../../test/fixtures/', import.meta.url);

export function recordings(signal?: Recording['signal']): Recording[] {
  return ['claude-code', 'anthropic-sdk'].flatMap((folder) => {
    const text = readFileSync(new URL(`${folder}/index.json`, FIXTURES), 'utf8');
    return (JSON.parse(text) as Omit<Recording, 'folder'>[])
      .filter((entry) => signal === undefined || entry.signal === signal)
      .map((entry) => ({ ...entry, folder }));
  });
}

/** The body of a recorded request, decompressed. */
export function bodyOf(recording: Recording): Buffer {
  const body = readFileSync(fileURLToPath(new URL(`${recording.folder}/${recording.file}`, FIXTURES)));
  // Recordings of gRPC are stored decompressed, whatever was on the wire.
  const isCompressed = recording.contentEncoding === 'gzip' && !recording.file.endsWith('.grpc.pb');
  return isCompressed ? gunzipSync(body) : body;
}

export function isJson(recording: Recording): boolean {
  return recording.contentType.includes('json');
}

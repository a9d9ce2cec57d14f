import type { Readable } from 'node:stream';
import zlib from 'node:zlib';
import { BellwetherError } from '../lib/errors.ts';
import { BodyMemory } from './body-memory.ts';
import type { Lease } from './memory-budget.ts';

/** Output is taken from zlib in pieces of this size: large enough to save thread hops, small enough to stop a bomb early. */
const INFLATE_CHUNK_BYTES = 64 * 1024;

/** One for all ports: it keeps a few megabytes at most. */
const memory = new BodyMemory();

/**
 * Gives the memory of a body from `collect` or `inflate` back for the next one. Optional; afterwards the body must not be read.
 * Of a body that failed to inflate nothing may be given back: zlib's thread could still be reading it.
 */
export function recycle(body: Buffer): void {
  memory.recycle(body);
}

/** Bounds on one body while it is received. */
export interface BodyBounds {
  /** Most bytes, as received and again after decompression; inclusive. */
  readonly maxBytes: number;
  /** Longest silence between two pieces. */
  readonly idleMs: number;
  /** Longest time from the first byte waited for to the last. */
  readonly totalMs: number;
  /** What the transport adds around the body, on top of `maxBytes`. */
  readonly framingBytes?: number;
}

/** Content codings this Node can undo. */
export type ContentCoding = 'identity' | 'gzip' | 'deflate' | 'zstd';

type Inflater = (options: { chunkSize: number }) => zlib.Gunzip;

const inflaters: Readonly<Record<Exclude<ContentCoding, 'identity'>, Inflater | undefined>> = {
  gzip: (options) => zlib.createGunzip(options),
  deflate: (options) => zlib.createInflate(options),
  // Node has it from 22.15 on.
  zstd: (zlib as unknown as { createZstdDecompress?: Inflater }).createZstdDecompress,
};

/** The codings to name in an error or an `Accept-Encoding` header. */
export const supportedCodings: readonly ContentCoding[] = [
  'identity',
  'gzip',
  'deflate',
  ...(inflaters.zstd === undefined ? [] : (['zstd'] as const)),
];

/** The coding a header names, or undefined when it is not supported. An absent or empty header is `identity`. */
export function parseCoding(header: string | undefined): ContentCoding | undefined {
  const name = (header ?? '').trim().toLowerCase();
  if (name === '') return 'identity';
  const plain = name === 'x-gzip' ? 'gzip' : name;
  return supportedCodings.find((coding) => coding === plain);
}

/**
 * Receives a stream to its end. The bytes are taken from the lease as they arrive.
 *
 * @throws BellwetherError 413 too large, 408 too slow, 429 budget used up, 400 `incomplete_body` when the sender went away.
 */
export function collect(stream: Readable, bounds: BodyBounds, lease: Lease): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let receivedBytes = 0;
    const idleTimer = setTimeout(() => fail(tooSlow(receivedBytes, bounds.idleMs)), bounds.idleMs);
    const totalTimer = setTimeout(() => fail(tooSlow(receivedBytes, bounds.totalMs)), bounds.totalMs);

    function stop(): void {
      clearTimeout(idleTimer);
      clearTimeout(totalTimer);
      for (const [event, listener] of listeners) stream.off(event, listener);
      // An error that comes after we lost interest must not be an unhandled one.
      stream.on('error', ignoreLateError);
    }
    function fail(error: BellwetherError): void {
      stop();
      stream.pause();
      reject(error);
    }
    function onData(piece: Buffer): void {
      idleTimer.refresh();
      receivedBytes += piece.length;
      const refusal = refusalOf(piece, receivedBytes, {
        maxBytes: bounds.maxBytes,
        when: 'as received',
        lease,
      });
      if (refusal === undefined) pieces.push(piece);
      else fail(refusal);
    }
    function onEnd(): void {
      stop();
      resolve(memory.join(pieces, receivedBytes));
    }
    function onGone(): void {
      fail(incompleteBody(receivedBytes));
    }
    // HTTP/2 ends a stream that was broken off, too, after `aborted`.
    const listeners: ReadonlyArray<readonly [string, (piece: Buffer) => void]> = [
      ['data', onData],
      ['end', onEnd],
      ['aborted', onGone],
      ['close', onGone],
      ['error', onGone],
    ];
    for (const [event, listener] of listeners) stream.on(event, listener);
    // A sender that left before we looked emits nothing any more.
    if (stream.destroyed) onGone();
  });
}

interface Allowance {
  readonly maxBytes: number;
  readonly when: string;
  readonly lease: Lease;
}

/** Why a piece cannot be kept; when it can, its bytes are taken from the lease. */
function refusalOf(
  piece: Buffer,
  totalBytes: number,
  { maxBytes, when, lease }: Allowance,
): BellwetherError | undefined {
  return totalBytes > maxBytes ? bodyTooLarge(maxBytes, when) : lease.take(piece.length);
}

function ignoreLateError(): void {
  // Nobody waits for this body any more; its failure was answered already.
}

/**
 * Undoes a content coding. Output is taken from the lease as it appears, and inflating stops at the first byte too many, so
 * a small body that inflates without end costs at most `maxBytes`.
 *
 * @throws BellwetherError 413 too large, 429 budget used up, 400 `bad_compression`.
 */
export function inflate(
  body: Buffer,
  coding: ContentCoding,
  maxBytes: number,
  lease: Lease,
): Promise<Buffer> {
  if (coding === 'identity' || body.length === 0) return Promise.resolve(body);
  return new Promise((resolve, reject) => {
    const inflater = inflaters[coding]!({ chunkSize: INFLATE_CHUNK_BYTES });
    const pieces: Buffer[] = [];
    let inflatedBytes = 0;

    function fail(error: BellwetherError): void {
      inflater.removeAllListeners('data');
      inflater.destroy();
      reject(error);
    }
    inflater.on('data', (piece: Buffer) => {
      inflatedBytes += piece.length;
      const refusal = refusalOf(piece, inflatedBytes, { maxBytes, when: 'after decompression', lease });
      if (refusal === undefined) pieces.push(piece);
      else fail(refusal);
    });
    inflater.on('end', () => resolve(memory.join(pieces, inflatedBytes)));
    inflater.on('error', (error: Error) => reject(badCompression(coding, error)));
    inflater.end(body);
  });
}

/** @param when `as received`, `as announced` or `after decompression`. */
export function bodyTooLarge(maxBytes: number, when: string): BellwetherError {
  return new BellwetherError({
    code: 'body_too_large',
    status: 413,
    message: `the body is larger ${when} than the limit of ${maxBytes} bytes`,
    hint: 'send smaller batches, or raise ingest.max_body',
  });
}

export function unsupportedCoding(header: string): BellwetherError {
  return new BellwetherError({
    code: 'unsupported_content_encoding',
    status: 415,
    message: `Content-Encoding ${JSON.stringify(header.slice(0, 64))} is not supported`,
    hint: `use one of: ${supportedCodings.join(', ')}`,
  });
}

function tooSlow(receivedBytes: number, limitMs: number): BellwetherError {
  return new BellwetherError({
    code: 'body_too_slow',
    status: 408,
    message: `the body stopped after ${receivedBytes} bytes; waited ${limitMs} ms for more`,
    hint: 'check the connection to the sender, or send smaller batches',
  });
}

function incompleteBody(receivedBytes: number): BellwetherError {
  return new BellwetherError({
    code: 'incomplete_body',
    status: 400,
    message: `the connection was closed after ${receivedBytes} bytes, before the body was complete`,
  });
}

function badCompression(coding: ContentCoding, error: Error): BellwetherError {
  return new BellwetherError({
    code: 'bad_compression',
    status: 400,
    message: `the body is not valid ${coding}: ${error.message}`,
    hint: 'check that Content-Encoding names the compression that was used',
    cause: error,
  });
}

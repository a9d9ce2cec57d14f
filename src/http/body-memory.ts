import v8 from 'node:v8';
import vm from 'node:vm';

/** Bodies up to this size are put together in reused memory. */
const PIECE_BYTES = 1024 * 1024;
/** So many are kept; a body is decoded right after it is complete, so more than one is rarely in use. */
const MAX_SPARE = 4;
/** After so many received bytes the young generation is collected. */
const COLLECT_BYTES = 24 * 1024 * 1024;

/**
 * Memory for whole request bodies, and for what receiving them leaves behind.
 *
 * Node copies what a socket delivers into a new block of up to 64 KB outside the JavaScript heap. The young generation hardly grows
 * by that, so nothing collects it until V8 has 64 MB of such blocks and marks the whole heap: 40 to 100 ms of CPU for 65,000 records.
 * Collecting the young generation now and then frees them for a millisecond or two. Measured on 1 KB logs in requests of 500: the
 * collector's share of the main thread's CPU fell from about 18 percent to between 1 and 4.
 */
export class BodyMemory {
  readonly #spare: Buffer[] = [];
  /** Memory that is lent out, so that nothing foreign is taken back. */
  readonly #lent = new Map<ArrayBufferLike, Buffer>();
  #collectYoung: (() => void) | undefined;
  #receivedBytes = 0;

  /** @param collectYoung collects the young generation; by default V8's, looked up when first needed. */
  constructor(collectYoung?: () => void) {
    this.#collectYoung = collectYoung;
  }

  /** The pieces as one body. Give it back with `recycle` when nobody reads it any more, or leave it to the collector. */
  join(pieces: readonly Buffer[], totalBytes: number): Buffer {
    this.#note(totalBytes);
    if (pieces.length === 1) return pieces[0]!;
    if (totalBytes > PIECE_BYTES) return Buffer.concat(pieces, totalBytes);
    const whole = this.#spare.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
    let end = 0;
    for (const piece of pieces) {
      whole.set(piece, end);
      end += piece.length;
    }
    if (this.#lent.size < MAX_SPARE) this.#lent.set(whole.buffer, whole);
    return whole.subarray(0, end);
  }

  /** Takes back a body, or a part of one; its bytes are overwritten by a later one. Anything else is left alone. */
  recycle(body: Buffer): void {
    const whole = this.#lent.get(body.buffer);
    if (whole === undefined) return;
    this.#lent.delete(body.buffer);
    if (this.#spare.length < MAX_SPARE) this.#spare.push(whole);
  }

  #note(bytes: number): void {
    this.#receivedBytes += bytes;
    if (this.#receivedBytes < COLLECT_BYTES) return;
    this.#receivedBytes = 0;
    this.#collectYoung ??= collectorOfYoung();
    this.#collectYoung();
  }
}

/** V8's collector of the young generation, which Node shows only behind a flag. */
function collectorOfYoung(): () => void {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('globalThis.gc') as ((options: { type: 'minor' }) => void) | undefined;
  return collect === undefined ? () => {} : () => collect({ type: 'minor' });
}

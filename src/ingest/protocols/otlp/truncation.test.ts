import { expect, it } from 'vitest';
import { DecodeError } from '../../../lib/errors.ts';
import { otlpProtocols } from './index.ts';
import { bodyOf, decodeOrUndo, isJson, recordings, sizesOf, testContext } from './testing/context.ts';

/** Cutting at every byte of every recording would take minutes; a step that is not a divisor of anything visits all kinds of places. */
const STEP = 101;

it.each(otlpProtocols.map((protocol) => [`${protocol.signal} ${protocol.contentType}`, protocol] as const))(
  'every recording of %s, cut off anywhere, is refused or decoded and leaves nothing when refused',
  (_name, protocol) => {
    const context = testContext();
    const list = recordings(protocol.signal).filter(
      (recording) => isJson(recording) === (protocol.contentType === 'application/json'),
    );
    expect(list.length).toBeGreaterThan(0);
    for (const [i, recording] of list.entries()) {
      const body = bodyOf(recording);
      for (let end = i % STEP; end < body.length; end += STEP * (1 + (body.length >> 13))) {
        const before = sizesOf(context.batch);
        try {
          decodeOrUndo(protocol.decode, body.subarray(0, end), context);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
          expect(sizesOf(context.batch)).toBe(before);
        }
      }
    }
  },
  60_000,
);

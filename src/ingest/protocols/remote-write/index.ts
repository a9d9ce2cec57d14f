import { DecodeError } from '../../../lib/errors.ts';
import type { DecodeContext } from '../../types.ts';
import type { RemoteWriteOutcome } from './outcome.ts';
import type { RemoteWriteSender } from './run.ts';
import { DecoderState, type RemoteWriteState } from './state.ts';
import { WriteRequestV1 } from './write-v1.ts';
import { WriteRequestV2 } from './write-v2.ts';

export { type RecordCounts, type RemoteWriteOutcome, statusOf } from './outcome.ts';
export type { RemoteWriteSender } from './run.ts';
export { createRemoteWriteState, type RemoteWriteState, type RemoteWriteStateOptions } from './state.ts';

const NO_SENDER: RemoteWriteSender = { userAgent: 'remote_write' };

/**
 * Decodes `prometheus.WriteRequest`, the message of remote write 1.0, into the metric tables.
 *
 * A series whose labels break a rule, and a sample that is too old or too far in the future, are refused alone and the rest is kept;
 * `statusOf` tells what to answer then. Samples are taken in any order. A repeat of a sample within the request is taken once; one
 * with another value is refused as `duplicate_sample` when it follows the first directly, and otherwise left to the readers, for
 * whom the first stored value counts.
 *
 * @param body the message, uncompressed. Not needed any more when the call returns.
 * @param state of the server, from {@link createRemoteWriteState}.
 * @throws DecodeError the bytes are no such message; nothing of the request may be kept.
 */
export function decodeRemoteWriteV1(
  body: Uint8Array,
  context: DecodeContext,
  state: RemoteWriteState,
  sender: RemoteWriteSender = NO_SENDER,
): RemoteWriteOutcome {
  return decode(body, state, 'prometheus.WriteRequest', (own) => new WriteRequestV1(context, own, sender));
}

/** As {@link decodeRemoteWriteV1} for `io.prometheus.write.v2.Request`, the message of remote write 2.0. */
export function decodeRemoteWriteV2(
  body: Uint8Array,
  context: DecodeContext,
  state: RemoteWriteState,
  sender: RemoteWriteSender = NO_SENDER,
): RemoteWriteOutcome {
  const message = 'io.prometheus.write.v2.Request';
  return decode(body, state, message, (own) => new WriteRequestV2(context, own, sender));
}

function decode(
  body: Uint8Array,
  state: RemoteWriteState,
  message: string,
  read: (state: DecoderState) => { decode(): RemoteWriteOutcome },
): RemoteWriteOutcome {
  if (!(state instanceof DecoderState))
    throw new TypeError('the state must come from createRemoteWriteState');
  state.open(body);
  try {
    return read(state).decode();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new DecodeError(error.message, `Send a ${message}, and name it in the content type.`, error);
  } finally {
    state.close();
  }
}

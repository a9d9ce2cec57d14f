import { createOutcome } from '../../outcome.ts';
import type { DecodeOutcome } from '../../types.ts';

/** Records by kind. */
export interface RecordCounts {
  samples: number;
  histograms: number;
  exemplars: number;
  /** Families described (1.0), series described (2.0). */
  metadata: number;
}

/** What became of a remote-write request. `accepted` and `rejected` are the sums over all kinds. */
export interface RemoteWriteOutcome extends DecodeOutcome {
  /** For the headers `X-Prometheus-Remote-Write-{Samples,Histograms,Exemplars}-Written` once the records are durable. */
  readonly written: RecordCounts;
  readonly refused: RecordCounts;
}

export type RecordKind = keyof RecordCounts;

export function createRemoteWriteOutcome(): RemoteWriteOutcome {
  return { ...createOutcome(), written: noRecords(), refused: noRecords() };
}

function noRecords(): RecordCounts {
  return { samples: 0, histograms: 0, exemplars: 0, metadata: 0 };
}

/**
 * The status to answer with when what was accepted is durable: 204, or 400 when a sample or histogram was refused, which the
 * specification demands of a partial write and after which senders do not send the request again. Refused exemplars and metadata
 * alone are no error: they are counted, and the message names them.
 */
export function statusOf(outcome: Pick<RemoteWriteOutcome, 'refused'>): 204 | 400 {
  return outcome.refused.samples + outcome.refused.histograms > 0 ? 400 : 204;
}

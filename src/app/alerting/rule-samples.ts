import {
  accept,
  createOutcome,
  createSeriesRef,
  type DecodeContext,
  type DecodeOutcome,
  type IngestPipeline,
  reject,
  type SeriesRef,
  SeriesRows,
  type ServiceTally,
} from '../../ingest/index.ts';
import { BellwetherError } from '../../lib/errors.ts';
import type { Labels } from '../../model/labels.ts';
import type { RuleSample } from '../../rules/index.ts';

/** Series of rules whose identity is remembered; with more all are forgotten and computed anew. */
const MAX_SERIES = 200_000;
const SENDER = { address: 'localhost', keyName: '', userAgent: 'bellwether', protocol: 'rules' };

/** Stores the samples that rules produce, through the same door as everybody's. Rejects when they are not durable or not all taken. */
export function createRuleWriter(
  intake: Pick<IngestPipeline, 'write'>,
): (samples: readonly RuleSample[]) => Promise<void> {
  const known = new Map<string, SeriesRef>();
  const refOf = (labels: Labels): SeriesRef => {
    const found = known.get(labels.key);
    if (found !== undefined) return found;
    if (known.size >= MAX_SERIES) known.clear();
    const ref = createSeriesRef(labels);
    known.set(labels.key, ref);
    return ref;
  };
  return async (samples) => {
    const { rejected, message } = await intake.write({
      signal: 'metrics',
      sender: SENDER,
      bodyBytes: 0,
      decode: (context) => appendAll(samples, context, refOf),
    });
    if (rejected > 0)
      throw new BellwetherError({
        code: 'rule_samples_refused',
        status: 422,
        message: `not stored: ${message}`,
      });
  };
}

function appendAll(
  samples: readonly RuleSample[],
  context: DecodeContext,
  refOf: (labels: Labels) => SeriesRef,
): DecodeOutcome {
  const outcome = createOutcome();
  const tally: ServiceTally = { service: 'rules', instance: '', version: '', accepted: 0, rejected: 0 };
  outcome.services.set('rules', tally);
  const rows = new SeriesRows({ ...context, seriesSource: 'rules' });
  for (const sample of samples) {
    if (append(rows, refOf(sample.labels), sample)) accept(outcome, tally);
    else reject(outcome, tally, rows.refusal!.code, rows.refusal!.message);
  }
  return outcome;
}

function append(
  rows: SeriesRows,
  series: SeriesRef,
  { timeMs, value, histogram, isStale }: RuleSample,
): boolean {
  if (isStale) return rows.stale(series, timeMs);
  if (histogram !== undefined) return rows.histogram(series, timeMs, 0, histogram);
  return rows.sample(series, timeMs, value);
}

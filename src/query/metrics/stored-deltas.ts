import { wordsOf } from '../../model/samples.ts';
import { type Store, sql } from '../../store/index.ts';
import { deltaSamplesSql } from './delta-sql.ts';

/** A delta series as the running sum of its increments. */
export interface DeltaSamples {
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  /** `wordsOf(values)`. */
  readonly words: Uint32Array;
}

export interface DeltaRead {
  readonly metrics: readonly string[];
  readonly series: readonly bigint[];
  /** Both inclusive, epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly signal: AbortSignal;
}

interface DeltaRow {
  readonly series_id: number | bigint;
  readonly times: number[];
  readonly sums: number[];
}

/** Delta series by id, ascending by time. */
export async function readDeltas(
  store: Pick<Store, 'stream'>,
  { metrics, series, fromMs, toMs, signal }: DeltaRead,
): Promise<Map<bigint, DeltaSamples>> {
  // The statement's window leaves its start out.
  const window = deltaSamplesSql({ metrics, series, fromMs: fromMs - 1, toMs });
  const query = sql`
SELECT series_id, groupArray(toUnixTimestamp64Milli(ts)) AS times, groupArray(value) AS sums
FROM (${window})
GROUP BY series_id`;
  const found = new Map<bigint, DeltaSamples>();
  for await (const rows of store.stream<DeltaRow>(query, { signal })) {
    for (const row of rows) found.set(BigInt(row.series_id), columnsOf(row));
  }
  return found;
}

/** Groups of an ordered subquery come in order on one server; in a cluster they may not. */
function columnsOf({ times, sums }: DeltaRow): DeltaSamples {
  const order = times.map((_, i) => i).sort((a, b) => times[a]! - times[b]!);
  const timesMs = Float64Array.from(order, (i) => times[i]!);
  const values = Float64Array.from(order, (i) => sums[i]!);
  return { timesMs, values, words: wordsOf(values) };
}

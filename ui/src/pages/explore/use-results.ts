import { useMemo } from 'react';
import { failureOf } from '../../components/index.ts';
import { formatDuration, plural } from '../../lib/format.ts';
import { useSearchParams } from '../../lib/url-state.ts';
import type { RowAnswer } from './graph-view.tsx';
import {
  type InstantAnswer,
  type RangeAnswer,
  useInstantQueries,
  useRangeQueries,
} from './metric-queries.ts';
import type { RowOutcome } from './query-list.tsx';
import { type Problem, problemOf } from './query-problems.ts';
import type { Letter } from './query-rows.ts';
import type { EditedRow } from './use-query-rows.ts';
import { useStable } from './use-stable.ts';
import { formatValueShort } from './value-text.ts';

export interface ExploreResults {
  /** Empty unless ranges are wanted; instants likewise. */
  readonly range: readonly RowAnswer<RangeAnswer>[];
  readonly instant: readonly RowAnswer<InstantAnswer>[];
  readonly outcomes: ReadonlyMap<Letter, RowOutcome>;
}

/** The answers to the visible rows, of the kind the view needs. */
export function useResults(rows: readonly EditedRow[], wants: 'range' | 'instant' | 'none'): ExploreResults {
  const { step = '' } = useSearchParams();
  const range = paired(rows, useRangeQueries(rows, step, wants === 'range'));
  const instant = paired(rows, useInstantQueries(rows, wants === 'instant'));
  const shown: readonly RowAnswer<RangeAnswer | InstantAnswer>[] = wants === 'instant' ? instant : range;
  // Flat, so that comparing the parts tells whether anything changed.
  const parts = useStable(
    shown.flatMap(({ row, answer, isFetching, error }) => [row, answer, isFetching, error]),
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: `parts` stands for what `shown` is made of
  const outcomes = useMemo(
    () => new Map(wants === 'none' ? [] : shown.map((one) => [one.row.letter, outcomeOf(one)] as const)),
    [parts, wants],
  );
  return {
    range: wants === 'range' ? range : [],
    instant: wants === 'instant' ? instant : [],
    outcomes,
  };
}

function paired<T>(
  rows: readonly EditedRow[],
  queries: readonly { data: T | undefined; isFetching: boolean; error: unknown }[],
): RowAnswer<T>[] {
  return rows.flatMap((row, at) => {
    const query = queries[at];
    if (query === undefined) return [];
    // A failed query has no answer, though an older one may still be at hand.
    const answer = query.error == null ? query.data : undefined;
    return [{ row, answer, isFetching: query.isFetching, error: query.error }];
  });
}

function outcomeOf({ row, answer, isFetching, error }: RowAnswer<RangeAnswer | InstantAnswer>): RowOutcome {
  const problems: Problem[] = [];
  if (error != null) problems.push(problemOf('error', failureOf(error).message, row.expr));
  for (const text of answer?.warnings ?? []) problems.push(problemOf('warning', text, row.expr));
  for (const text of answer?.infos ?? []) problems.push(problemOf('info', text, row.expr));
  return { isFetching, problems, error, summary: answer === undefined ? '' : summaryOf(answer) };
}

function summaryOf({ data, elapsedMs }: RangeAnswer | InstantAnswer): string {
  const isList = data.resultType === 'vector' || data.resultType === 'matrix';
  const samples = data.stats?.samples?.totalQueryableSamples;
  return [
    isList ? `returned ${plural(data.result.length, 'series', 'series')}` : `returned a ${data.resultType}`,
    samples === undefined ? '' : `${formatValueShort(samples)} ${samples === 1 ? 'sample' : 'samples'} read`,
    formatDuration(elapsedMs),
  ]
    .filter(Boolean)
    .join(', ');
}

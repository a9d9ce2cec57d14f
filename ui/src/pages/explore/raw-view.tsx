import { useMemo } from 'react';
import { Button, CopyButton, ErrorState, Segmented, Skeleton } from '../../components/index.ts';
import { download } from '../../components/time-series/index.ts';
import { formatBytes } from '../../lib/format.ts';
import { useUrlState } from '../../lib/url-state.ts';
import type { RowAnswer } from './graph-view.tsx';
import type { InstantAnswer, RangeAnswer } from './metric-queries.ts';
import { apiSeconds, callParams } from './prometheus.ts';
import css from './views.module.css';

/** Characters of an answer on screen; the file has all of them. */
const mostCharacters = 60_000;

type Either = RangeAnswer | InstantAnswer;

/** Which answer the raw view shows. */
export function useRawKind() {
  return useUrlState('raw', 'range', ['range', 'instant'] as const);
}

/** The answers as the API gives them, with the call that gives them. */
export function RawView({ results }: { results: readonly RowAnswer<Either>[] }) {
  const [kind, setKind] = useRawKind();
  return (
    <div className={css.tables}>
      <div className={css.rawBar}>
        <Segmented
          label="Which answer"
          value={kind}
          options={[
            { value: 'range', label: 'Over the range' },
            { value: 'instant', label: 'At its end' },
          ]}
          onChange={(next) => setKind(next, { replace: true })}
        />
      </div>
      {results.map((result) => (
        <OneAnswer key={result.row.letter} result={result} />
      ))}
    </div>
  );
}

function OneAnswer({ result }: { result: RowAnswer<Either> }) {
  const { row, answer, error } = result;
  const text = useMemo(() => (answer === undefined ? '' : jsonOf(answer)), [answer]);
  if (answer === undefined) {
    return error ? (
      <ErrorState compact title={`Query ${row.letter} failed.`} error={error} />
    ) : (
      <Skeleton height="160px" />
    );
  }
  const address = addressOf(row.expr, answer);
  return (
    <section className={css.tableSection} aria-label={`Answer to query ${row.letter}`}>
      <header className={css.tableHead}>
        <span className={css.letter}>{row.letter}</span>
        <code className={css.tableExpr} title={address}>
          GET {address}
        </code>
        <CopyButton text={() => `${location.origin}${address}`} label="Copy address" variant="quiet" />
        <CopyButton text={text} label="Copy JSON" variant="quiet" />
        <Button variant="quiet" onClick={() => download(`query-${row.letter.toLowerCase()}.json`, text)}>
          Download
        </Button>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={css.raw} aria-label={`JSON of query ${row.letter}`} tabIndex={0}>
        <pre>
          <code>{text.slice(0, mostCharacters)}</code>
        </pre>
      </section>
      {text.length > mostCharacters && (
        <p className={css.quiet}>
          The beginning of {formatBytes(text.length)}. Copy or download has all of it.
        </p>
      )}
    </section>
  );
}

function jsonOf({ data, warnings, infos }: Either): string {
  const said = { ...(warnings.length > 0 && { warnings }), ...(infos.length > 0 && { infos }) };
  const text = JSON.stringify({ status: 'success', data, ...said }, null, 2);
  // A point per line: `[1700000000, "1"]` over four lines makes an answer unreadable.
  return text.replace(/\[\s+(-?[\d.]+),\s+("(?:[^"\\]|\\.)*")\s+\]/g, '[$1, $2]');
}

function addressOf(expr: string, answer: Either): string {
  if ('atMs' in answer) return `/api/v1/query?${callParams({ query: expr, time: apiSeconds(answer.atMs) })}`;
  const { startMs, endMs, stepMs } = answer;
  const when = { start: apiSeconds(startMs), end: apiSeconds(endMs), step: apiSeconds(stepMs) };
  return `/api/v1/query_range?${callParams({ query: expr, ...when })}`;
}

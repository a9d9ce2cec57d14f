import { Bar, ErrorState, Skeleton } from '../../components/index.ts';
import { formatBytes, formatCount, formatDuration, plural } from '../../lib/format.ts';
import { useTimeRange } from '../../lib/url-state.ts';
import { useExplanation } from './metric-queries.ts';
import { flatPlan, ownMs } from './plan.ts';
import type { Explanation } from './prometheus.ts';
import { chooseStep, stepText } from './steps.ts';
import type { EditedRow } from './use-query-rows.ts';
import css from './views.module.css';

/** How each query was computed and what it cost. Looking at it runs the queries once more. */
export function ExplainView(props: { rows: readonly EditedRow[]; step: string }) {
  return (
    <div className={css.tables}>
      {props.rows.map((row) => (
        <OnePlan key={row.letter} row={row} step={props.step} />
      ))}
    </div>
  );
}

function OnePlan({ row, step }: { row: EditedRow; step: string }) {
  const explanation = useExplanation(row.expr, step);
  const range = useTimeRange();
  const { stepMs } = chooseStep(step, range);
  const points = Math.floor((range.toMs - range.fromMs) / stepMs) + 1;
  return (
    <section className={css.tableSection} aria-label={`Plan of query ${row.letter}`}>
      <header className={css.tableHead}>
        <span className={css.letter}>{row.letter}</span>
        <code className={css.tableExpr}>{row.expr}</code>
      </header>
      {explanation.data ? (
        <>
          <p className={css.cost}>
            {plural(points, 'point')} of {stepText(stepMs)}. {costOf(explanation.data.data.stats)}
          </p>
          <PlanTable explanation={explanation.data.data} letter={row.letter} />
        </>
      ) : explanation.error ? (
        <ErrorState
          compact
          title="The plan could not be read."
          error={explanation.error}
          onRetry={() => void explanation.refetch()}
        />
      ) : (
        <Skeleton height="140px" />
      )}
    </section>
  );
}

function costOf(stats: Explanation['stats']): string {
  const { parseMs, selectMs, evaluateMs } = stats;
  return [
    `${formatDuration(parseMs + selectMs + evaluateMs)} in all: parsing ${formatDuration(parseMs)}, reading ${formatDuration(selectMs)}, computing ${formatDuration(evaluateMs)}.`,
    `${plural(stats.seriesRead, 'series', 'series')} and ${plural(stats.totalSamples, 'sample')} read, at most ${formatCount(stats.peakSamples)} held at once;`,
    stats.rowsRead === 0
      ? 'nothing had to be fetched from the store.'
      : `${plural(stats.rowsRead, 'row')} and ${formatBytes(stats.bytesRead)} came from the store.`,
  ].join(' ');
}

function PlanTable({ explanation, letter }: { explanation: Explanation; letter: string }) {
  const steps = flatPlan(explanation.plan);
  const longest = Math.max(...steps.map(({ node }) => ownMs(node)), 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reachable by keyboard
    <section className={css.planFrame} aria-label={`Plan of query ${letter}, as a table`} tabIndex={0}>
      <table className={css.plan} aria-label={`Steps of query ${letter}`}>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Expression</th>
            <th scope="col" className={css.number}>
              Series
            </th>
            <th scope="col" className={css.number}>
              Samples
            </th>
            <th scope="col" className={css.number} title="With the steps below it">
              Time
            </th>
            <th scope="col" className={css.ownTime} title="Without the steps below it">
              Own time
            </th>
          </tr>
        </thead>
        <tbody>
          {steps.map(({ node, depth, key }) => (
            <tr key={key}>
              <th scope="row">
                <span className={css.step} style={{ paddingInlineStart: depth * 16 }}>
                  {depth > 0 && <span aria-hidden>└</span>}
                  {node.operation}
                </span>
              </th>
              <td>
                <code title={node.expression}>{node.expression}</code>
              </td>
              <td className={css.number}>{formatCount(node.seriesOut)}</td>
              <td className={css.number}>{formatCount(node.samplesRead)}</td>
              <td className={css.number}>{formatDuration(node.elapsedMs)}</td>
              <td className={css.ownTime}>
                <Bar value={ownMs(node)} max={longest} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

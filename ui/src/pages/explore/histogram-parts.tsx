import { Bar, Facts, SideSection } from '../../components/index.ts';
import { formatPercent, plural } from '../../lib/format.ts';
import { quantileOf, type ReadableHistogram, readHistogram } from './native-histogram.ts';
import type { HistogramJson } from './prometheus.ts';
import { formatValue } from './value-text.ts';
import css from './views.module.css';

/** Bars of the tiny picture in a table; neighbouring buckets share one. */
const cellBars = 16;

const quantiles = [0.5, 0.95, 0.99] as const;

/** A histogram in a table: its shape and its figures. */
export function HistogramCell({ histogram }: { histogram: HistogramJson }) {
  const read = readHistogram(histogram);
  return (
    <span className={css.histogramCell} title={read.summary}>
      <Shape histogram={read} />
      <span>{read.summary}</span>
    </span>
  );
}

function Shape({ histogram }: { histogram: ReadableHistogram }) {
  const { buckets } = histogram;
  if (buckets.length === 0) return null;
  const width = Math.ceil(buckets.length / cellBars);
  const bars: number[] = [];
  for (let at = 0; at < buckets.length; at += width) {
    bars.push(buckets.slice(at, at + width).reduce((sum, { count }) => sum + count, 0));
  }
  const highest = Math.max(...bars, 1e-9);
  return (
    <svg
      className={css.shape}
      viewBox={`0 0 ${bars.length * 4} 14`}
      width={bars.length * 4}
      height={14}
      aria-hidden
    >
      {bars.map((count, at) => {
        const height = Math.max(1, (count / highest) * 14);
        // biome-ignore lint/suspicious/noArrayIndexKey: bars have no other identity than their place
        return <rect key={at} x={at * 4} y={14 - height} width={3} height={height} />;
      })}
    </svg>
  );
}

/** A histogram in full: quantiles, and every bucket that holds anything. */
export function HistogramBars({ histogram }: { histogram: ReadableHistogram }) {
  const most = Math.max(...histogram.buckets.map(({ count }) => count), 0);
  return (
    <>
      <SideSection title="Distribution">
        <Facts
          facts={[
            { name: 'Observations', value: formatValue(histogram.count) },
            { name: 'Sum', value: formatValue(histogram.sum) },
            { name: 'Mean', value: formatValue(histogram.mean) },
            ...quantiles.map((phi) => ({
              name: `p${phi * 100}, about`,
              value: formatValue(quantileOf(histogram, phi)),
            })),
          ]}
        />
      </SideSection>
      <SideSection title={plural(histogram.buckets.length, 'bucket')}>
        <table className={css.buckets}>
          <thead>
            <tr>
              <th scope="col">Values</th>
              <th scope="col">Observations</th>
              <th scope="col" className={css.bucketBar}>
                Share
              </th>
            </tr>
          </thead>
          <tbody>
            {histogram.buckets.map((bucket) => (
              <tr key={bucket.range}>
                <th scope="row">{bucket.range}</th>
                <td>{formatValue(bucket.count)}</td>
                <td className={css.bucketBar}>
                  <span className={css.share}>
                    <Bar value={bucket.count} max={most} />
                    <span>{formatPercent(bucket.share)}</span>
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </SideSection>
    </>
  );
}

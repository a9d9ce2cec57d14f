import type { Overview } from '@contract';
import { useMemo } from 'react';
import { EmptyState } from '../../components/index.ts';
import { type ChartData, TimeSeriesPanel } from '../../components/time-series/index.ts';
import { formatUsd, formatUsdAxis, shortModel } from '../../lib/format.ts';
import type { TimeRange } from '../../lib/url-state.ts';

/** Spending over time, one colour for each model. Dragging across it sets the range of the page. */
export function SpendPanel(props: {
  overview: Overview | undefined;
  range: TimeRange;
  loading: boolean;
  error: unknown;
  onRetry: () => void;
}) {
  const { overview, range } = props;
  const data = useMemo((): ChartData | undefined => {
    if (!overview) return undefined;
    const { times, models } = overview.spend;
    const names = shortNames(models.map(({ model }) => model));
    return {
      times,
      series: models.map(({ cost_usd }, at) => ({ label: names[at] ?? '', values: cost_usd })),
    };
  }, [overview]);
  const bounds = useMemo(
    () => (overview ? { fromMs: Date.parse(overview.from), toMs: Date.parse(overview.to) } : undefined),
    [overview],
  );
  return (
    <TimeSeriesPanel
      title="Spend by model"
      note={overview ? stepText(overview.step_ms) : undefined}
      data={data}
      kind="bars"
      stacked
      legendValue="sum"
      format={formatUsd}
      formatAxis={formatUsdAxis}
      range={bounds}
      timeZone={range.zone}
      onSelectRange={(fromMs, toMs) =>
        range.setRange(new Date(fromMs).toISOString(), new Date(toMs).toISOString())
      }
      loading={props.loading}
      error={props.error}
      onRetry={props.onRetry}
      height={232}
      empty={
        <EmptyState compact title="No spending in this range.">
          Costs come with the events and metrics of Claude Code (<code>claude_code.api_request</code>,{' '}
          <code>claude_code.cost.usage</code>).
        </EmptyState>
      }
    />
  );
}

/** Short names, unless two models would read the same. */
function shortNames(models: readonly string[]): string[] {
  const short = models.map((model) => shortModel(model) || '(no model)');
  return short.map((name, at) =>
    short.indexOf(name) === short.lastIndexOf(name) ? name : models[at] || name,
  );
}

function stepText(stepMs: number): string {
  const units: [number, string][] = [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
    [1000, 'second'],
  ];
  const [size, name] = units.find(([one]) => stepMs >= one && stepMs % one === 0) ?? [1, 'ms'];
  const count = stepMs / size;
  return count === 1 ? `per ${name}` : `per ${count} ${name}s`;
}

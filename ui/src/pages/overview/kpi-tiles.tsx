import type { Overview } from '@contract';
import { Stat, StatGrid } from '../../components/index.ts';
import {
  deltaOf,
  deltaOfRatio,
  formatCompact,
  formatCost,
  formatCount,
  formatDuration,
  formatPercent,
  formatUsdExact,
  plural,
  ratio,
} from '../../lib/format.ts';
import { cacheHit, errorRate, spendPerStep, totalTokens } from '../figures.ts';

const against = 'Compared with the range of the same length before';

/** The six figures everything else is a detail of. While loading the tiles keep their geometry. */
export function KpiTiles(props: { overview: Overview | undefined }) {
  const { overview } = props;
  return (
    <StatGrid label="Key figures">
      {overview ? (
        <>
          <MoneyTiles overview={overview} />
          <HealthTiles overview={overview} />
        </>
      ) : (
        ['Spend', 'Tokens', 'Active sessions', 'Error rate', 'Cache hit rate', 'API latency p95'].map(
          (label) => <Stat key={label} label={label} value={null} values={[]} />,
        )
      )}
    </StatGrid>
  );
}

function MoneyTiles({ overview }: { overview: Overview }) {
  const { current, previous, series } = overview;
  const running = overview.live.filter((session) => session.state === 'running').length;
  return (
    <>
      <Stat
        label="Spend"
        value={formatCost(current)}
        title={formatUsdExact(current.cost_usd)}
        delta={deltaOf(current.cost_usd, previous.cost_usd)}
        against={`${against}: ${formatCost(previous)}`}
        note={current.cost_complete ? undefined : 'price missing'}
        values={spendPerStep(overview.spend)}
        colour="var(--series-4)"
      />
      <Stat
        label="Tokens"
        value={formatCompact(totalTokens(current))}
        title={formatCount(totalTokens(current))}
        delta={deltaOf(totalTokens(current), totalTokens(previous))}
        against={`${against}: ${formatCount(totalTokens(previous))}`}
        values={series.tokens}
        colour="var(--series-1)"
      />
      <Stat
        label="Active sessions"
        value={formatCount(current.sessions)}
        delta={deltaOf(current.sessions, previous.sessions)}
        against={`${against}: ${formatCount(previous.sessions)}`}
        note={running > 0 ? `${running} running` : undefined}
        values={series.sessions}
        colour="var(--series-3)"
      />
    </>
  );
}

function HealthTiles({ overview }: { overview: Overview }) {
  const { current, previous, series } = overview;
  const rate = errorRate(current);
  const hit = cacheHit(current);
  return (
    <>
      <Stat
        label="Error rate"
        value={formatPercent(rate)}
        title={`${formatCount(current.api_errors)} of ${plural(current.api_requests + current.api_errors, 'model request')}`}
        delta={deltaOfRatio(rate, errorRate(previous))}
        better="less"
        against={`${against}: ${formatPercent(errorRate(previous))}`}
        note={current.api_errors > 0 ? `${formatCount(current.api_errors)} failed` : undefined}
        values={series.errors.map((errors, at) => ratio(errors, errors + (series.requests[at] ?? 0)))}
        colour="var(--series-5)"
      />
      <Stat
        label="Cache hit rate"
        value={formatPercent(hit)}
        title={`${formatCount(current.cache_read_tokens)} tokens read from the cache`}
        delta={deltaOfRatio(hit, cacheHit(previous))}
        better="more"
        against={`${against}: ${formatPercent(cacheHit(previous))}`}
        values={series.cache_hit}
        colour="var(--series-8)"
      />
      <Stat
        label="API latency p95"
        value={formatDuration(current.latency_p95_ms)}
        delta={deltaOf(current.latency_p95_ms, previous.latency_p95_ms)}
        better="less"
        against={`${against}: ${formatDuration(previous.latency_p95_ms)}`}
        values={series.latency_p95_ms}
        colour="var(--series-2)"
      />
    </>
  );
}

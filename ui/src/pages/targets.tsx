import { Radar } from 'lucide-react';
import { useMemo } from 'react';
import {
  Button,
  CodeBlock,
  EmptyState,
  ErrorState,
  Freshness,
  Loading,
  Page,
  SearchBox,
  Skeleton,
} from '../components/index.ts';
import { formatCount, plural } from '../lib/format.ts';
import { useUrlState } from '../lib/url-state.ts';
import { PageHead } from '../shell/page-head.tsx';
import { PoolPanel } from './targets/pool-panel.tsx';
import {
  type ActiveTarget,
  matchesTarget,
  type Pool,
  poolsOf,
  type TargetsAnswer,
  targetsEveryMs,
  useSampleCounts,
  useTargets,
} from './targets/target-data.ts';
import { TargetPanel } from './targets/target-panel.tsx';
import css from './targets/targets.module.css';

const crumbs = [{ label: 'Settings', to: '/settings/sources' }];

/** Which targets are scraped, is each of them up, and if not, why? */
export function TargetsPage() {
  const targets = useTargets();
  return (
    <Page>
      <PageHead title="Targets" crumbs={crumbs} />
      {targets.data ? (
        <Content answer={targets.data} updatedAtMs={targets.dataUpdatedAt} isFailing={targets.isError} />
      ) : targets.error ? (
        <ErrorState
          title="The targets could not be read."
          error={targets.error}
          onRetry={() => void targets.refetch()}
        />
      ) : (
        <Loading what="the targets">
          <div className={css.pools}>
            <Skeleton height="28px" width="360px" />
            <Skeleton height="180px" />
          </div>
        </Loading>
      )}
    </Page>
  );
}

function isUnhealthy({ health }: ActiveTarget): boolean {
  return health === 'down';
}

function Content(props: { answer: TargetsAnswer; updatedAtMs: number; isFailing: boolean }) {
  const { answer } = props;
  const samples = useSampleCounts();
  const [q, setQ] = useUrlState('q', '');
  const [only, setOnly] = useUrlState('show', 'all', ['all', 'down'] as const);
  const [selected, setSelected] = useUrlState('sel', '');
  const pools = useMemo(() => poolsOf(answer), [answer]);
  const shown = useMemo(() => narrowed(pools, q, only === 'down'), [pools, q, only]);
  if (pools.length === 0) return <NothingScraped />;
  const rows = shown.flatMap(({ targets }) => targets);
  const at = rows.findIndex((target) => keyOf(target) === selected);
  const current = rows[at];
  const down = answer.activeTargets.filter(isUnhealthy).length;
  const step = (to: number) =>
    rows[to] === undefined ? undefined : () => setSelected(keyOf(rows[to]!), { replace: true });
  return (
    <>
      <div className={css.bar}>
        <SearchBox
          label="Filter targets"
          placeholder="Filter by address, label or error"
          value={q}
          onChange={(text) => setQ(text, { replace: true })}
        />
        <Button
          pressed={only === 'down'}
          onClick={() => setOnly(only === 'down' ? null : 'down', { replace: true })}
        >
          Only down ({formatCount(down)})
        </Button>
        <span className={css.summary} role="status">
          {plural(rows.length, 'target')} in {plural(shown.length, 'pool')}
        </span>
        <span className={css.stale}>
          <Freshness updatedAtMs={props.updatedAtMs} everyMs={targetsEveryMs} failing={props.isFailing} />
        </span>
      </div>
      {shown.length === 0 ? (
        <EmptyState
          compact
          title={only === 'down' && q === '' ? 'No target is down.' : 'No target matches.'}
        />
      ) : (
        <div className={css.pools}>
          {shown.map((pool) => (
            <PoolPanel
              key={pool.name}
              pool={pool}
              samples={samples.data}
              selectedKey={selected}
              keyOf={keyOf}
              onSelect={(target) => setSelected(keyOf(target) === selected ? null : keyOf(target))}
            />
          ))}
        </div>
      )}
      {current && (
        <TargetPanel
          target={current}
          samples={samples.data}
          contentKey={keyOf(current)}
          onClose={() => setSelected(null)}
          onNext={step(at + 1)}
          onPrevious={step(at - 1)}
        />
      )}
    </>
  );
}

function keyOf(target: ActiveTarget): string {
  return `${target.scrapePool} ${target.scrapeUrl}`;
}

/** Pools with the targets that match; a pool without any is left out once something narrows the list. */
function narrowed(pools: readonly Pool[], q: string, onlyDown: boolean): readonly Pool[] {
  if (q === '' && !onlyDown) return pools;
  return pools
    .map((pool) => ({
      ...pool,
      targets: pool.targets.filter(
        (target) => matchesTarget(target, q) && (!onlyDown || isUnhealthy(target)),
      ),
      dropped: [],
      droppedCount: 0,
    }))
    .filter(({ targets }) => targets.length > 0);
}

const example = `scrape_configs:
  - job_name: node
    static_configs:
      - targets: ['localhost:9100']

# or a whole prometheus.yml that you have already:
prometheus_config_file: /etc/prometheus/prometheus.yml`;

function NothingScraped() {
  return (
    <>
      <EmptyState title="Nothing is scraped." icon={<Radar aria-hidden />}>
        Name the targets in <code>bellwether.yml</code>, as in Prometheus, and start the server again. They
        show here with their health and their errors.
      </EmptyState>
      <div className={css.example}>
        <CodeBlock label="Example for bellwether.yml" text={example} />
      </div>
    </>
  );
}

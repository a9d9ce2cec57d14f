import { useMemo, useState } from 'react';
import { EmptyState, Panel, StatusDot, TimeAgo, type Tone } from '../../components/index.ts';
import { sortRows, type TableColumn, type TableSort, VirtualTable } from '../../components/table/index.ts';
import { formatCompact, formatCount, formatDuration, missing, plural } from '../../lib/format.ts';
import { seriesText } from '../explore/series-text.ts';
import { type ActiveTarget, type DroppedTarget, type Pool, scrapedAtMs, targetKey } from './target-data.ts';
import css from './targets.module.css';

const healthTones: Record<ActiveTarget['health'], Tone> = { up: 'ok', down: 'bad', unknown: 'quiet' };
const healthWords: Record<ActiveTarget['health'], string> = { up: 'Up', down: 'Down', unknown: 'Waiting' };
/** The unhealthy first when sorted by state. */
const healthOrder: Record<ActiveTarget['health'], number> = { down: 0, unknown: 1, up: 2 };

export function HealthDot({ target, pill }: { target: ActiveTarget; pill?: boolean }) {
  return (
    <StatusDot tone={healthTones[target.health]} pill={pill} title={target.lastError || undefined}>
      {healthWords[target.health]}
    </StatusDot>
  );
}

interface PoolPanelProps {
  pool: Pool;
  samples: ReadonlyMap<string, number> | undefined;
  selectedKey: string;
  keyOf: (target: ActiveTarget) => string;
  onSelect: (target: ActiveTarget) => void;
}

/** One scrape pool with its targets. */
export function PoolPanel(props: PoolPanelProps) {
  const { pool } = props;
  const total = pool.targets.length;
  const tone: Tone = total === 0 ? 'quiet' : pool.up === total ? 'ok' : pool.up === 0 ? 'bad' : 'warn';
  return (
    <Panel
      title={pool.name}
      note={pool.droppedCount > 0 ? `${formatCount(pool.droppedCount)} dropped by relabelling` : undefined}
      actions={
        <StatusDot tone={tone} pill>
          {total === 0 ? 'No target' : `${formatCount(pool.up)} of ${formatCount(total)} up`}
        </StatusDot>
      }
      flush
    >
      {total === 0 ? (
        <EmptyState compact title="Discovery has found no target that is kept." />
      ) : (
        <TargetTable {...props} />
      )}
      {pool.dropped.length > 0 && <Dropped targets={pool.dropped} count={pool.droppedCount} />}
    </Panel>
  );
}

function TargetTable({ pool, samples, selectedKey, keyOf, onSelect }: PoolPanelProps) {
  const [sort, setSort] = useState<TableSort | null>(null);
  const columns = useMemo(() => columnsOf(samples), [samples]);
  const rows = useMemo(() => sortRows(pool.targets, columns, sort), [pool.targets, columns, sort]);
  return (
    <VirtualTable
      label={`Targets of ${pool.name}`}
      columns={columns}
      rows={rows}
      rowKey={keyOf}
      maxHeight={460}
      sort={sort}
      onSort={setSort}
      selectedKey={selectedKey}
      onSelect={onSelect}
      card={(target) => <TargetCard target={target} samples={samples?.get(targetKey(target.labels))} />}
      cardHeight={78}
    />
  );
}

function columnsOf(samples: ReadonlyMap<string, number> | undefined): TableColumn<ActiveTarget>[] {
  const samplesOf = (target: ActiveTarget): number | null => samples?.get(targetKey(target.labels)) ?? null;
  return [
    {
      id: 'state',
      header: 'State',
      width: 100,
      cell: (target) => <HealthDot target={target} />,
      sortValue: (target) => healthOrder[target.health],
      sortFirst: 'asc',
    },
    {
      id: 'address',
      header: 'Address',
      width: 260,
      grow: 2,
      cell: (target) => <span className={css.mono}>{target.scrapeUrl}</span>,
      sortValue: (target) => target.scrapeUrl,
      sortFirst: 'asc',
    },
    {
      id: 'labels',
      header: 'Labels',
      width: 200,
      grow: 2,
      cell: (target) => <Labels target={target} />,
    },
    errorColumn,
    {
      id: 'scraped',
      header: 'Last scrape',
      width: 96,
      align: 'end',
      cell: (target) => <LastScrape target={target} />,
      sortValue: (target) => scrapedAtMs(target),
    },
    {
      id: 'duration',
      header: 'Took',
      hint: 'How long the last scrape took',
      width: 84,
      align: 'end',
      cell: (target) =>
        scrapedAtMs(target) === null ? missing : formatDuration(target.lastScrapeDuration * 1000),
      sortValue: (target) => target.lastScrapeDuration,
    },
    {
      id: 'samples',
      header: 'Samples',
      hint: 'Samples in the last scrape, before relabelling',
      width: 84,
      align: 'end',
      cell: (target) => (
        <span title={formatCount(samplesOf(target))}>{formatCompact(samplesOf(target))}</span>
      ),
      sortValue: samplesOf,
    },
  ];
}

const errorColumn: TableColumn<ActiveTarget> = {
  id: 'error',
  header: 'Error',
  width: 160,
  grow: 2,
  cell: (target) => (
    <span className={css.error} title={target.lastError}>
      {target.lastError}
    </span>
  ),
  sortValue: (target) => target.lastError || null,
  sortFirst: 'asc',
};

export function LastScrape({ target }: { target: ActiveTarget }) {
  const atMs = scrapedAtMs(target);
  return atMs === null ? <>never</> : <TimeAgo at={atMs} />;
}

/** What distinguishes the target; the job is the panel's title. */
function Labels({ target }: { target: ActiveTarget }) {
  const { job: _, ...labels } = target.labels;
  const text = seriesText(labels);
  return (
    <span className={css.mono} title={text}>
      {Object.entries(labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(', ')}
    </span>
  );
}

function TargetCard({ target, samples }: { target: ActiveTarget; samples: number | undefined }) {
  return (
    <div className={css.card}>
      <span className={css.cardTop}>
        <HealthDot target={target} />
        <span className={css.faint}>
          <LastScrape target={target} />, {formatDuration(target.lastScrapeDuration * 1000)}
          {samples !== undefined && `, ${plural(samples, 'sample')}`}
        </span>
      </span>
      <span className={css.mono}>{target.scrapeUrl}</span>
      {target.lastError && <span className={css.error}>{target.lastError}</span>}
    </div>
  );
}

/** Dropped targets shown at most; discovery may find very many. */
const mostDropped = 100;

function Dropped({ targets, count }: { targets: readonly DroppedTarget[]; count: number }) {
  const shown = targets.slice(0, mostDropped);
  return (
    <details className={css.dropped}>
      <summary>{plural(count, 'target')} dropped by relabelling</summary>
      <ul>
        {shown.map((target) => {
          const text = seriesText(target.discoveredLabels);
          return (
            <li key={text}>
              <code>{text}</code>
            </li>
          );
        })}
      </ul>
      {count > shown.length && (
        <p className={css.faint}>{formatCount(count - shown.length)} more are not listed.</p>
      )}
    </details>
  );
}

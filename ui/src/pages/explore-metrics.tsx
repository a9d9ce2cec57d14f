import { PanelLeft } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button, Page, type Tab, Tabs } from '../components/index.ts';
import { useShortcuts } from '../lib/shortcuts.ts';
import { useSearchParams, useUrlState } from '../lib/url-state.ts';
import { Modal } from '../shell/modal.tsx';
import { PageHead } from '../shell/page-head.tsx';
import { ExplainView } from './explore/explain-view.tsx';
import css from './explore/explore.module.css';
import { NoMetrics, NothingAsked } from './explore/explore-empty.tsx';
import { GraphView } from './explore/graph-view.tsx';
import { HistoryList } from './explore/history-list.tsx';
import { MetricBrowser } from './explore/metric-browser.tsx';
import { useMetricNames } from './explore/metric-queries.ts';
import { type ActiveRow, AddQueryButton, QueryList, useGuardedRun } from './explore/query-list.tsx';
import { RawView, useRawKind } from './explore/raw-view.tsx';
import { StepSelect } from './explore/step-select.tsx';
import { TableView } from './explore/table-view.tsx';
import { type QueryRows, useQueryRows } from './explore/use-query-rows.ts';
import { type ExploreResults, useResults } from './explore/use-results.ts';

const views = ['graph', 'table', 'raw', 'explain'] as const;
type View = (typeof views)[number];
const tabs: readonly Tab<View>[] = [
  { id: 'graph', label: 'Graph' },
  { id: 'table', label: 'Table' },
  { id: 'raw', label: 'Raw' },
  { id: 'explain', label: 'Explain' },
];
const sides = ['metrics', 'history'] as const;
type Side = (typeof sides)[number];
const sideTabs: readonly Tab<Side>[] = [
  { id: 'metrics', label: 'Metrics' },
  { id: 'history', label: 'History' },
];

/** Does this metric exist, which labels has it, what does this expression look like? */
export function ExploreMetricsPage() {
  const rows = useQueryRows();
  const guard = useGuardedRun(rows);
  const [view, setView] = useUrlState<View>('view', 'graph', views);
  const [rawKind] = useRawKind();
  const [active, setActive] = useState<ActiveRow>({ letter: 'A', isNew: false });
  const [isBrowsing, setBrowsing] = useState(false);
  const isWide = useWide();
  const wants = view === 'table' || (view === 'raw' && rawKind === 'instant') ? 'instant' : 'range';
  const results = useResults(rows.shown, view === 'explain' ? 'none' : wants);
  const names = useMetricNames();
  const letter = rows.rows.some((row) => row.letter === active.letter) ? active.letter : rows.rows[0]!.letter;
  const pick = (expr: string): void => {
    setBrowsing(false);
    void guard.run({ letter, text: expr });
  };
  useShortcuts([{ keys: 'mod+enter', label: 'Run the queries', group: 'View', run: () => void guard.run() }]);
  return (
    <Page>
      <PageHead title="Metrics" crumbs={crumbs} />
      <div className={css.layout}>
        {isWide && <SideColumn onPick={pick} />}
        <div className={css.main}>
          <QueryList
            rows={rows}
            outcomes={results.outcomes}
            active={{ ...active, letter }}
            onActive={setActive}
            guard={guard}
          />
          <div className={css.bar}>
            {!isWide && (
              <Button icon={<PanelLeft aria-hidden />} onClick={() => setBrowsing(true)}>
                Browse metrics
              </Button>
            )}
            <AddQueryButton rows={rows} onActive={setActive} />
            <StepSelect />
          </div>
          {rows.shown.length > 0 ? (
            <div>
              <Tabs label="Views" tabs={tabs} value={view} onChange={(next) => setView(next)}>
                <ViewOf view={view} rows={rows} results={results} />
              </Tabs>
            </div>
          ) : names.data?.length === 0 ? (
            <NoMetrics />
          ) : (
            <NothingAsked onPick={pick} onBrowse={isWide ? null : () => setBrowsing(true)} />
          )}
        </div>
      </div>
      {!isWide && isBrowsing && (
        <Modal title="Metrics and history" onClose={() => setBrowsing(false)}>
          <div className={css.drawer}>
            <SideTabs onPick={pick} />
          </div>
        </Modal>
      )}
    </Page>
  );
}

const crumbs = [{ label: 'Explore', to: '/explore/metrics' }];

function ViewOf(props: { view: View; rows: QueryRows; results: ExploreResults }) {
  const { step = '' } = useSearchParams();
  const { results } = props;
  switch (props.view) {
    case 'table':
      return <TableView results={results.instant} />;
    case 'raw':
      return <RawView results={results.instant.length > 0 ? results.instant : results.range} />;
    case 'explain':
      return <ExplainView rows={props.rows.shown} step={step} />;
    default:
      return <GraphView results={results.range} chartHeight={320} />;
  }
}

function SideColumn(props: { onPick: (expr: string) => void }) {
  return (
    <aside className={css.side} aria-label="Metrics and history">
      <SideTabs onPick={props.onPick} />
    </aside>
  );
}

function SideTabs(props: { onPick: (expr: string) => void }) {
  const [side, setSide] = useState<Side>('metrics');
  return (
    <Tabs label="Metrics and history" tabs={sideTabs} value={side} onChange={setSide}>
      {side === 'metrics' ? <MetricBrowser onPick={props.onPick} /> : <HistoryList onPick={props.onPick} />}
    </Tabs>
  );
}

/** Width from which the browser stands beside the queries. */
const wideQuery = '(min-width: 1160px)';

function useWide(): boolean {
  const [isWide, setWide] = useState(() => globalThis.matchMedia?.(wideQuery).matches ?? true);
  useEffect(() => {
    const list = globalThis.matchMedia?.(wideQuery);
    if (list === undefined) return;
    const follow = (): void => setWide(list.matches);
    list.addEventListener('change', follow);
    return () => list.removeEventListener('change', follow);
  }, []);
  return isWide;
}

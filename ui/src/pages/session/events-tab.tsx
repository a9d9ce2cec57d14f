import type { TimelineEntry, TimelineKind } from '@contract';
import { useMemo } from 'react';
import {
  countValues,
  EmptyState,
  Facet,
  SearchBox,
  StatusDot,
  useShownZone,
} from '../../components/index.ts';
import {
  parseSort,
  sortRows,
  sortText,
  type TableColumn,
  VirtualTable,
} from '../../components/table/index.ts';
import { entryText, isFailure, kindLooks, labelOf, tokensOf } from '../../components/waterfall/index.ts';
import {
  formatAbsolute,
  formatClock,
  formatCompact,
  formatCount,
  formatDuration,
  formatUsd,
  formatUsdExact,
  missing,
  plural,
} from '../../lib/format.ts';
import { useUrlState } from '../../lib/url-state.ts';
import css from './session.module.css';

/** Every step as a row, to filter and to sort. */
export function EventsTab(props: {
  timeline: readonly TimelineEntry[];
  selected: string;
  onSelect: (id: string) => void;
}) {
  const zone = useShownZone();
  const [q, setQ] = useUrlState('q', '');
  const [kindText, setKinds] = useUrlState('kinds', '');
  const [sortParam, setSort] = useUrlState('sort', '');
  const kinds = useMemo(() => kindText.split(',').filter(Boolean), [kindText]);
  const columns = useMemo(() => eventColumns(zone), [zone]);
  const options = useMemo(() => countValues(props.timeline, (entry) => [entry.kind]), [props.timeline]);
  const rows = useMemo(() => {
    const wanted = q.toLowerCase();
    const found = props.timeline.filter(
      (entry) =>
        (kinds.length === 0 || kinds.includes(entry.kind)) &&
        (wanted === '' || searchText(entry).includes(wanted)),
    );
    return sortRows(found, columns, parseSort(sortParam));
  }, [props.timeline, q, kinds, columns, sortParam]);
  return (
    <div className={css.events}>
      <div className={css.eventBar}>
        <SearchBox
          label="Filter events"
          placeholder="Filter by name, error or attribute"
          value={q}
          onChange={(text) => setQ(text, { replace: true })}
        />
        <Facet
          name="Kind"
          options={options.map((option) => ({
            ...option,
            label: kindLooks[option.value as TimelineKind].many,
          }))}
          chosen={kinds}
          onChange={(chosen) => setKinds(chosen.join(','), { replace: true })}
        />
        <span className={css.eventCount} role="status">
          {rows.length === props.timeline.length
            ? plural(rows.length, 'event')
            : `${formatCount(rows.length)} of ${plural(props.timeline.length, 'event')}`}
        </span>
      </div>
      <div className={css.eventTable}>
        <VirtualTable
          label="Events of the session"
          columns={columns}
          rows={rows}
          rowKey={(entry) => entry.id}
          rowHeight={30}
          sort={parseSort(sortParam)}
          onSort={(next) => setSort(sortText(next), { replace: true })}
          selectedKey={props.selected}
          onSelect={(entry) => props.onSelect(entry.id)}
          card={(entry) => <EventCard entry={entry} zone={zone} />}
          cardHeight={58}
          empty={<EmptyState compact title="No event matches." />}
        />
      </div>
    </div>
  );
}

/** What the text filter looks through. Kept by entry, since it is asked again for every letter typed. */
const searchTexts = new WeakMap<TimelineEntry, string>();

function searchText(entry: TimelineEntry): string {
  let text = searchTexts.get(entry);
  if (text === undefined) {
    const { kind, name, model, error, agent_name, decision, attributes } = entry;
    text = [kind, name, model, error, agent_name, decision, JSON.stringify(attributes)]
      .join('\n')
      .toLowerCase();
    searchTexts.set(entry, text);
  }
  return text;
}

function eventColumns(zone: string): TableColumn<TimelineEntry>[] {
  return [
    {
      id: 'time',
      header: 'Time',
      width: 104,
      cell: (entry) => (
        <span title={formatAbsolute(Date.parse(entry.start), zone)}>
          {formatClock(Date.parse(entry.start), zone, true)}
        </span>
      ),
      sortValue: (entry) => entry.start,
      sortFirst: 'asc',
    },
    {
      id: 'kind',
      header: 'Kind',
      width: 124,
      cell: (entry) => <KindLabel entry={entry} />,
      sortValue: (entry) => entry.kind,
      sortFirst: 'asc',
    },
    {
      id: 'name',
      header: 'Name',
      width: 150,
      grow: 2,
      cell: (entry) => <span title={labelOf(entry)}>{labelOf(entry)}</span>,
      sortValue: labelOf,
      sortFirst: 'asc',
    },
    {
      id: 'result',
      header: 'Result',
      width: 170,
      grow: 4,
      cell: (entry) => <Result entry={entry} />,
      sortValue: (entry) => (isFailure(entry) ? 0 : 1),
      sortFirst: 'asc',
    },
    {
      id: 'agent',
      header: 'Agent',
      width: 90,
      cell: (entry) => (
        <span title={entry.agent_id}>{entry.agent_name || (entry.agent_id ? 'subagent' : 'main')}</span>
      ),
      sortValue: (entry) => entry.agent_name,
      sortFirst: 'asc',
    },
    ...eventNumbers(),
  ];
}

function eventNumbers(): TableColumn<TimelineEntry>[] {
  return [
    {
      id: 'duration',
      header: 'Duration',
      width: 76,
      align: 'end',
      cell: (entry) => (entry.duration_ms > 0 ? formatDuration(entry.duration_ms) : missing),
      sortValue: (entry) => entry.duration_ms,
    },
    {
      id: 'tokens',
      header: 'Tokens',
      width: 68,
      align: 'end',
      cell: (entry) =>
        tokensOf(entry) > 0 ? (
          <span title={formatCount(tokensOf(entry))}>{formatCompact(tokensOf(entry))}</span>
        ) : (
          missing
        ),
      sortValue: tokensOf,
    },
    {
      id: 'cost',
      header: 'Cost',
      width: 76,
      align: 'end',
      cell: (entry) =>
        entry.cost_usd > 0 ? (
          <span title={formatUsdExact(entry.cost_usd)}>{formatUsd(entry.cost_usd)}</span>
        ) : (
          missing
        ),
      sortValue: (entry) => entry.cost_usd,
    },
  ];
}

function KindLabel({ entry }: { entry: TimelineEntry }) {
  const look = kindLooks[entry.kind];
  return (
    <span className={css.kindLabel}>
      <span className={css.kind} style={{ color: `var(${look.colour})` }}>
        {look.icon}
      </span>
      {look.one}
    </span>
  );
}

function Result({ entry }: { entry: TimelineEntry }) {
  if (isFailure(entry)) {
    return (
      <StatusDot tone="bad" title={entry.error}>
        {entry.error || 'failed'}
      </StatusDot>
    );
  }
  return <span className={css.faint}>{entryText(entry)}</span>;
}

function EventCard({ entry, zone }: { entry: TimelineEntry; zone: string }) {
  return (
    <div className={css.eventCard}>
      <div className={css.cardRow}>
        <span
          className={css.kind}
          style={{ color: `var(${kindLooks[entry.kind].colour})` }}
          title={kindLooks[entry.kind].one}
        >
          {kindLooks[entry.kind].icon}
        </span>
        <span className={css.cardName}>{labelOf(entry)}</span>
        <span className={css.cardEnd}>{entry.cost_usd > 0 ? formatUsd(entry.cost_usd) : ''}</span>
      </div>
      <div className={`${css.cardRow} ${css.faint}`}>
        <span>{formatClock(Date.parse(entry.start), zone)}</span>
        <span>{entry.duration_ms > 0 ? formatDuration(entry.duration_ms) : ''}</span>
        {isFailure(entry) && <StatusDot tone="bad">{entry.error || 'failed'}</StatusDot>}
      </div>
    </div>
  );
}

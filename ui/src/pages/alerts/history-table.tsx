import type { HistoryEventJson } from '@contract';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import { Facts, SidePanel, SideSection, StatusDot, TimeAgo, useShownZone } from '../../components/index.ts';
import { type TableColumn, VirtualTable } from '../../components/table/index.ts';
import { formatAbsolute, formatDuration } from '../../lib/format.ts';
import { formatValue } from '../explore/value-text.ts';
import { LabelFacts } from './alert-body.tsx';
import type { HistoryRows } from './alert-data.ts';
import { PriorityMark } from './alert-look.tsx';
import css from './alerts.module.css';
import { eventDetail, eventLooks, eventText } from './timeline.tsx';

function Kind({ event }: { event: HistoryEventJson }) {
  const { word, icon: Icon, tone } = eventLooks[event.kind];
  return (
    <StatusDot tone={tone} icon={<Icon aria-hidden />}>
      {word}
    </StatusDot>
  );
}

function Name({ event }: { event: HistoryEventJson }) {
  if (event.name === '') return <span className={css.faint}>–</span>;
  if (event.fingerprint === '') return <>{event.name}</>;
  return (
    <Link to="/alerts/$fingerprint" params={{ fingerprint: event.fingerprint }} className={css.textLink}>
      {event.name}
    </Link>
  );
}

function columnsOf(zone: string): TableColumn<HistoryEventJson>[] {
  return [
    {
      id: 'at',
      header: 'When',
      width: 150,
      cell: (event) => formatAbsolute(Date.parse(event.at), zone).slice(0, 19),
    },
    { id: 'kind', header: 'What', width: 150, cell: (event) => <Kind event={event} /> },
    {
      id: 'priority',
      header: 'Prio',
      width: 48,
      cell: (event) => <PriorityMark priority={event.priority} />,
    },
    { id: 'name', header: 'Alert', width: 150, grow: 1, cell: (event) => <Name event={event} /> },
    {
      id: 'text',
      header: 'To, by, result',
      width: 220,
      grow: 2,
      cell: (event) => <span title={eventText(event)}>{eventText(event)}</span>,
    },
    {
      id: 'detail',
      header: 'Detail',
      width: 180,
      grow: 3,
      cell: (event) => <span title={eventDetail(event)}>{eventDetail(event)}</span>,
    },
  ];
}

/** Events of alerts, as many as there are; one opens beside them with everything that is known. */
export function HistoryTable(props: {
  history: HistoryRows;
  label: string;
  empty: ReactNode;
  maxHeight?: number;
}) {
  const { history } = props;
  const zone = useShownZone();
  const columns = useMemo(() => columnsOf(zone), [zone]);
  const [selected, setSelected] = useState('');
  const rows = history.events;
  const at = rows.findIndex(({ id }) => id === selected);
  const current = rows[at];
  return (
    <>
      <VirtualTable
        label={props.label}
        columns={columns}
        rows={rows}
        rowKey={(event) => event.id}
        maxHeight={props.maxHeight ?? 620}
        selectedKey={selected}
        onSelect={(event) => setSelected(event.id === selected ? '' : event.id)}
        card={(event) => <EventCard event={event} />}
        cardHeight={84}
        onEndReached={history.hasMore && !history.isLoadingMore ? history.loadMore : undefined}
        footer={history.isLoadingMore ? 'Loading more…' : undefined}
        empty={props.empty}
      />
      {current && (
        <EventPanel
          event={current}
          onClose={() => setSelected('')}
          onNext={rows[at + 1] && (() => setSelected(rows[at + 1]!.id))}
          onPrevious={rows[at - 1] && (() => setSelected(rows[at - 1]!.id))}
        />
      )}
    </>
  );
}

function EventCard({ event }: { event: HistoryEventJson }) {
  return (
    <div className={css.rowCard}>
      <span className={css.rowCardTop}>
        <Kind event={event} />
        <span className={css.faint}>
          <TimeAgo at={event.at} />
        </span>
      </span>
      <span className={css.cut}>
        <PriorityMark priority={event.priority} /> {event.name} {eventText(event)}
      </span>
      <span className={css.second}>{eventDetail(event)}</span>
    </div>
  );
}

function EventPanel(props: {
  event: HistoryEventJson;
  onClose: () => void;
  onNext?: () => void;
  onPrevious?: () => void;
}) {
  const { event } = props;
  const zone = useShownZone();
  const facts = [
    { name: 'When', value: formatAbsolute(Date.parse(event.at), zone) },
    { name: 'Alert', value: <Name event={event} /> },
    { name: 'Rule', value: event.rule_id },
    { name: 'Receiver', value: event.receiver },
    { name: 'Integration', value: event.integration },
    { name: 'By', value: event.actor },
    { name: 'Reason', value: event.reason },
    { name: 'Detail', value: event.detail },
    { name: 'Value', value: event.value === null ? '' : formatValue(event.value) },
    { name: 'Took', value: event.latency_ms === null ? '' : formatDuration(event.latency_ms) },
    { name: 'Attempts', value: event.attempts === 0 ? '' : String(event.attempts) },
  ];
  return (
    <SidePanel
      title={event.name || eventLooks[event.kind].word}
      subtitle={<Kind event={event} />}
      contentKey={event.id}
      onClose={props.onClose}
      onNext={props.onNext}
      onPrevious={props.onPrevious}
    >
      <SideSection title="Event">
        <Facts facts={facts.filter(({ value }) => value !== '')} />
      </SideSection>
      {Object.keys(event.labels).length > 0 && (
        <SideSection title="Labels">
          <LabelFacts labels={event.labels} />
        </SideSection>
      )}
    </SidePanel>
  );
}

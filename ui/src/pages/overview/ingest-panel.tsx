import type { Source } from '@contract';
import { EmptyState, ErrorState, Panel, Skeleton, StatusDot, TimeAgo } from '../../components/index.ts';
import { formatPerMinute, plural } from '../../lib/format.ts';
import { PageLink } from '../links.tsx';
import { groupSenders, type Sender, senderTone } from '../sources/senders.ts';
import css from './overview.module.css';

/** Senders shown; the full list is on its own page. */
const shownMax = 6;

/** Does data still arrive, from whom, how much? */
export function IngestPanel(props: {
  sources: readonly Source[] | undefined;
  error: unknown;
  nowMs: number;
}) {
  const { sources } = props;
  const senders = sources ? groupSenders(sources) : undefined;
  const perMinute = sources?.reduce((sum, source) => sum + source.accepted_per_minute, 0) ?? 0;
  return (
    <Panel
      title="Ingest"
      note={senders ? `${formatPerMinute(perMinute)} from ${plural(senders.length, 'sender')}` : undefined}
      actions={
        <PageLink to="/settings/sources" className={css.more}>
          All sources
        </PageLink>
      }
      flush
    >
      {!senders && props.error != null && (
        <ErrorState compact title="The senders could not be read." error={props.error} />
      )}
      {!senders && props.error == null && (
        <div className={css.padded}>
          <Skeleton height="44px" />
        </div>
      )}
      {senders?.length === 0 && <EmptyState compact title="Nothing has arrived yet." />}
      <ul>
        {senders?.slice(0, shownMax).map((sender) => (
          <SenderRow key={sender.id} sender={sender} nowMs={props.nowMs} />
        ))}
      </ul>
    </Panel>
  );
}

function SenderRow({ sender, nowMs }: { sender: Sender; nowMs: number }) {
  const { tone, word } = senderTone(sender, nowMs);
  return (
    <li className={css.sender}>
      <span className={css.senderName}>
        <StatusDot tone={tone} title={word}>
          <span className="visually-hidden">{word}: </span>
        </StatusDot>
        <span className="truncate" title={`${sender.service} ${sender.version} at ${sender.address}`}>
          {sender.service || sender.address}
        </span>
        {sender.service !== '' && <span className={css.senderAddress}>{sender.address}</span>}
        <span className={css.senderVersion}>{sender.version}</span>
      </span>
      <span className={css.senderFigures}>
        {sender.rejected > 0 && (
          <span className={css.failed}>{plural(sender.rejected, 'item')} rejected</span>
        )}
        <span>{formatPerMinute(sender.perMinute)}</span>
        <span className={css.senderAge}>
          <TimeAgo at={sender.lastSeenMs} />
        </span>
      </span>
    </li>
  );
}

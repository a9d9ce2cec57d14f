import type { Source } from '@contract';
import { ChevronDown, ChevronRight, Lightbulb } from 'lucide-react';
import { Fragment, useRef, useState } from 'react';
import { Panel, StatusDot, TimeAgo } from '../../components/index.ts';
import { useWidth } from '../../components/use-size.ts';
import { formatCompact, formatCount, formatPerMinute, missing, plural } from '../../lib/format.ts';
import { conspicuous, hintFor } from './hints.ts';
import { type Sender, senderTone } from './senders.ts';
import css from './sources.module.css';

/** Width from which protocol and user agent have room in a row; below they stand under the table. */
const wideFromPx = 720;

/** One sender with a row for each signal; what was refused unfolds below its row. */
export function SenderTable({ sender, nowMs }: { sender: Sender; nowMs: number }) {
  const { tone, word } = senderTone(sender, nowMs);
  const advice = conspicuous(sender.signals);
  const newest = sender.signals[0]!;
  const box = useRef<HTMLDivElement>(null);
  const isWide = useWidth(box) >= wideFromPx;
  return (
    <Panel
      title={sender.service || 'Unreadable input'}
      label={`${sender.service || 'Unreadable input'} ${sender.version} from ${sender.address} ${sender.key}`.trim()}
      note={<Identity sender={sender} />}
      actions={
        <StatusDot tone={tone} pill>
          {word}
        </StatusDot>
      }
      flush
    >
      <div ref={box}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">Signal</th>
              <th scope="col">Last seen</th>
              <th scope="col" className={css.number}>
                Rate
              </th>
              <th scope="col" className={css.number}>
                Accepted
              </th>
              <th scope="col" className={css.number}>
                Rejected
              </th>
              {isWide && (
                <>
                  <th scope="col" className={css.protocol}>
                    Protocol
                  </th>
                  <th scope="col">User agent</th>
                </>
              )}
            </tr>
          </thead>
          <tbody>
            {sender.signals.map((source) => (
              <SignalRows key={source.id} source={source} isWide={isWide} />
            ))}
          </tbody>
        </table>
      </div>
      {!isWide && (
        <p className={css.narrowNote}>
          {newest.protocol} {newest.user_agent}
        </p>
      )}
      {advice !== '' && (
        <p className={css.advice}>
          <Lightbulb aria-hidden /> {advice}
        </p>
      )}
    </Panel>
  );
}

function Identity({ sender }: { sender: Sender }) {
  const parts = [
    sender.version,
    sender.instance,
    sender.address && `from ${sender.address}`,
    sender.key ? `key ${sender.key}` : 'no key',
  ];
  return <>{parts.filter(Boolean).join(' · ')}</>;
}

/** Reasons start unfolded where nothing at all got through: that is what the reader came for. */
function SignalRows({ source, isWide }: { source: Source; isWide: boolean }) {
  const [open, setOpen] = useState(source.accepted === 0 && source.reasons.length > 0);
  const canOpen = source.reasons.length > 0;
  return (
    <Fragment>
      <tr>
        <th scope="row">
          {canOpen ? (
            <button type="button" className={css.expand} aria-expanded={open} onClick={() => setOpen(!open)}>
              {open ? <ChevronDown aria-hidden /> : <ChevronRight aria-hidden />}
              {source.signal}
            </button>
          ) : (
            <span className={css.signal}>{source.signal}</span>
          )}
        </th>
        <td>
          <TimeAgo at={source.last_seen} />
        </td>
        <td className={css.number}>{formatPerMinute(source.accepted_per_minute)}</td>
        <td className={css.number} title={formatCount(source.accepted)}>
          {formatCompact(source.accepted)}
        </td>
        <td className={css.number} title={formatCount(source.rejected)}>
          {source.rejected > 0 ? (
            <span className={css.bad}>{formatCompact(source.rejected)}</span>
          ) : (
            <span className={css.faint}>0</span>
          )}
        </td>
        {isWide && (
          <>
            <td className={css.faint}>{source.protocol || missing}</td>
            <td className={css.faint} title={source.user_agent}>
              {source.user_agent || missing}
            </td>
          </>
        )}
      </tr>
      {open && (
        <tr>
          <td colSpan={isWide ? 7 : 5} className={css.reasonCell}>
            <Reasons source={source} />
          </td>
        </tr>
      )}
    </Fragment>
  );
}

function Reasons({ source }: { source: Source }) {
  return (
    <ul className={css.reasons}>
      {source.reasons.map((reason) => (
        <li key={reason.code} className={css.reason}>
          <p className={css.reasonHead}>
            <code>{reason.code}</code>
            <span>{plural(reason.count, 'time')}</span>
            <span className={css.faint}>
              last <TimeAgo at={reason.last_at} />
            </span>
          </p>
          <p className={css.reasonText}>{reason.message}</p>
          {hintFor(reason.code) !== '' && (
            <p className={css.reasonHint}>
              <Lightbulb aria-hidden /> {hintFor(reason.code)}
            </p>
          )}
        </li>
      ))}
    </ul>
  );
}

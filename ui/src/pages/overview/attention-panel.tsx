import { CircleCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import { DemoBadge, Panel, Skeleton, StatusDot, TimeAgo } from '../../components/index.ts';
import { AlertLink, PageLink, SessionLink } from '../links.tsx';
import type { AttentionItem } from './attention.ts';
import css from './overview.module.css';

/** Rows shown; the rest is behind its own pages. */
const shownMax = 8;
const words = { bad: 'Problem', warn: 'Warning', info: 'Note', ok: 'Fine', quiet: 'Note' } as const;

/** What wants a person now, the worst first, each a link to where it can be looked into. */
export function AttentionPanel(props: {
  /** Absent while something of it is on its way. */
  items: readonly AttentionItem[] | undefined;
  /** All there are, of which `items` may hold fewer. */
  total: number;
}) {
  const { items, total } = props;
  return (
    <Panel title="Needs attention" note={items && total > 0 ? String(total) : undefined} flush>
      {!items && (
        <div className={css.padded}>
          <Skeleton height="44px" />
        </div>
      )}
      {items?.length === 0 && (
        <p className={css.allWell}>
          <CircleCheck aria-hidden /> Nothing. No alert waits for somebody, no session failed or waits, and no
          input was rejected in the last hour.
        </p>
      )}
      {items && items.length > 0 && (
        <ul>
          {items.slice(0, shownMax).map((item) => (
            <li key={item.id} className={css.item}>
              <Target item={item}>
                <StatusDot tone={item.tone}>
                  <span className="visually-hidden">{words[item.tone]}: </span>
                </StatusDot>
                <span className={css.itemText}>
                  <span className={css.itemTitle}>
                    {item.title} {item.demo && <DemoBadge />}
                  </span>
                  <span className={css.itemDetail}>{item.detail}</span>
                </span>
                {item.atMs !== null && (
                  <span className={css.itemAge}>
                    <TimeAgo at={item.atMs} />
                  </span>
                )}
              </Target>
            </li>
          ))}
          {total > shownMax && (
            <li className={css.padded}>
              and {total - shownMax} more
              {total > items.length && (
                <>
                  ,{' '}
                  <PageLink to="/alerts" className={css.moreLink}>
                    see the alerts
                  </PageLink>
                </>
              )}
            </li>
          )}
        </ul>
      )}
    </Panel>
  );
}

function Target(props: { item: AttentionItem; children: ReactNode }) {
  const { target } = props.item;
  if (target?.page === 'session') {
    return (
      <SessionLink sessionId={target.sessionId} className={css.itemLink}>
        {props.children}
      </SessionLink>
    );
  }
  if (target?.page === 'alert') {
    return (
      <AlertLink fingerprint={target.fingerprint} className={css.itemLink}>
        {props.children}
      </AlertLink>
    );
  }
  if (target?.page === 'alerts') {
    return (
      <PageLink to="/alerts" className={css.itemLink}>
        {props.children}
      </PageLink>
    );
  }
  if (target?.page === 'sources') {
    return (
      <PageLink to="/settings/sources" className={css.itemLink}>
        {props.children}
      </PageLink>
    );
  }
  return <div className={css.itemLink}>{props.children}</div>;
}

import type { ReactNode } from 'react';
import { useZone } from '../lib/url-state.ts';
import css from './page.module.css';
import { ZoneContext } from './zone.ts';

/** The content of a page: its padding, its vertical rhythm, and the zone its times are shown in. */
export function Page(props: {
  children: ReactNode;
  /** Exactly as tall as the window: for pages that are one large table. */
  fixed?: boolean;
  /** Long text reads badly when it is wide. */
  narrow?: boolean;
}) {
  const names = [css.page, props.fixed ? css.fixed : '', props.narrow ? css.narrow : ''];
  return (
    <ZoneContext.Provider value={useZone()}>
      <div className={names.filter(Boolean).join(' ')}>{props.children}</div>
    </ZoneContext.Provider>
  );
}

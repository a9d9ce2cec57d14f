import { Link, useLocation } from '@tanstack/react-router';
import { Keyboard, PanelLeftClose, PanelLeftOpen, Search } from 'lucide-react';
import { useLiveState } from '../lib/live.ts';
import { useStatus } from '../lib/queries.ts';
import { updateSettings, useSettings } from '../lib/settings.ts';
import { keyCaps } from '../lib/shortcuts.ts';
import { useFiring } from './alert-watch.tsx';
import { Mark } from './mark.tsx';
import { isUnder, type NavPage, navPages } from './nav.ts';
import { openOverlay } from './overlays.ts';
import css from './rail.module.css';

/** The left rail: where one can go. Folds to icons by its button, or by itself in a narrow window. */
export function Rail() {
  const { rail } = useSettings();
  const isNarrow = rail === 'narrow';
  return (
    <div className={css.rail}>
      <Link to="/" className={css.brand} aria-label="Bellwether, to the overview">
        <Mark size={22} />
        <span className={css.word}>Bellwether</span>
      </Link>
      <button
        type="button"
        className={css.search}
        onClick={() => openOverlay('palette')}
        title="Search (mod+K)"
      >
        <Search aria-hidden />
        <span className={css.word}>Search</span>
        <span className={`${css.word} ${css.keys}`} aria-hidden>
          {keyCaps('mod+k').map((cap) => (
            <kbd key={cap}>{cap}</kbd>
          ))}
        </span>
      </button>
      <nav aria-label="Main" className={css.nav}>
        <NavList place="main" />
      </nav>
      <div className={css.foot}>
        <nav aria-label="Settings">
          <NavList place="foot" />
        </nav>
        <button
          type="button"
          className={css.item}
          onClick={() => openOverlay('shortcuts')}
          title="Keyboard shortcuts (?)"
        >
          <Keyboard aria-hidden />
          <span className={css.word}>Shortcuts</span>
        </button>
        <button
          type="button"
          className={`${css.item} ${css.fold}`}
          onClick={() => updateSettings({ rail: isNarrow ? 'wide' : 'narrow' })}
          aria-expanded={!isNarrow}
          title={isNarrow ? 'Unfold the rail' : 'Fold the rail'}
        >
          {isNarrow ? <PanelLeftOpen aria-hidden /> : <PanelLeftClose aria-hidden />}
          <span className={css.word}>Fold</span>
        </button>
        <ServerLine />
      </div>
    </div>
  );
}

function NavList(props: { place: NavPage['place'] }) {
  const { pathname } = useLocation();
  return (
    <ul>
      {navPages
        .filter((page) => page.place === props.place)
        .map((page) => (
          <li key={page.to}>
            <Link
              to={page.to}
              className={css.item}
              title={page.keys === undefined ? page.label : `${page.label} (${page.keys})`}
              aria-current={isUnder(pathname, page) ? 'page' : undefined}
            >
              <page.icon aria-hidden />
              <span className={css.word}>{page.label}</span>
              {page.to === '/alerts' && <FiringBadge />}
            </Link>
          </li>
        ))}
    </ul>
  );
}

const mostCounted = 99;

/** How many alerts want a person now. */
function FiringBadge() {
  const { count } = useFiring();
  if (count === 0) return null;
  return (
    <span className={css.badge}>
      {count > mostCounted ? `${mostCounted}+` : count}
      <span className="visually-hidden"> {count === 1 ? 'needs' : 'need'} attention</span>
    </span>
  );
}

/** Proof of life: the stream's state and the server's version. */
function ServerLine() {
  const { phase, failures } = useLiveState();
  const version = useStatus().data?.version;
  const tone = phase === 'open' ? 'ok' : failures > 0 ? 'bad' : 'wait';
  const word = phase === 'open' ? 'Connected' : failures > 0 ? 'Not connected' : 'Connecting';
  return (
    <Link
      to="/settings/about"
      className={css.server}
      title={version === undefined ? word : `${word}, version ${version}`}
    >
      <span className={css.dot} data-tone={tone} aria-hidden />
      <span className={css.word}>
        {word}
        {version !== undefined && <span className={css.version}>{version}</span>}
      </span>
    </Link>
  );
}

/** The same pages on a phone: a bar at the bottom, within reach of a thumb. */
export function BottomBar() {
  const { pathname } = useLocation();
  return (
    <nav aria-label="Main" className={css.bottom}>
      {navPages
        .filter((page) => page.place !== 'none')
        .map((page) => (
          <Link key={page.to} to={page.to} aria-current={isUnder(pathname, page) ? 'page' : undefined}>
            <page.icon aria-hidden />
            {page.label}
            {page.to === '/alerts' && <FiringBadge />}
          </Link>
        ))}
      <button type="button" onClick={() => openOverlay('palette')}>
        <Search aria-hidden />
        Search
      </button>
    </nav>
  );
}

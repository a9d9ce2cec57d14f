import { markBody, markLoop } from './mark.tsx';

export type FaviconState = 'ok' | 'warn' | 'bad';

/** Fixed colours: the tab strip follows the system, not our theme. */
const dots: Readonly<Record<FaviconState, string>> = { ok: '#4067e3', warn: '#f0a93b', bad: '#e5484d' };

/** The tab's icon with a state dot as an SVG in a data URI. */
export function faviconUri(state: FaviconState): string {
  const size = state === 'ok' ? 3.6 : 4.6;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="${markLoop}" fill="none" stroke="#8b93a1" stroke-width="1.9" stroke-linecap="round"/><path d="${markBody}" fill="#8b93a1"/><circle cx="12" cy="19.2" r="${size}" fill="${dots[state]}"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

export function setFavicon(state: FaviconState): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (link === null || link.dataset.state === state) return;
  link.dataset.state = state;
  link.href = faviconUri(state);
}

/**
 * The parts that pages are made of. They draw what they are given and fetch nothing. Charts, tables and the waterfall have doors of
 * their own (time-series/, table/, waterfall/), so that a page loads only what it shows.
 */
export { Bar, type BarPart, StackedBar } from './bar.tsx';
export { Button, Segmented } from './button.tsx';
export { CodeBlock } from './code-block.tsx';
export { CopyButton } from './copy-button.tsx';
export { countValues, Facet, type FacetChoice, type FacetOption, facetText, parseFacets } from './facets.tsx';
export { Page } from './page.tsx';
export { Panel } from './panel.tsx';
export { SearchBox } from './search-box.tsx';
export { Facts, SidePanel, SideSection } from './side-panel.tsx';
export { Sparkline } from './sparkline.tsx';
export { Stat, StatGrid } from './stat.tsx';
export { EmptyState, ErrorState, failureOf, Loading, Skeleton } from './states.tsx';
export { DemoBadge, SessionStateDot, StatusDot, sessionStates, type Tone } from './status-dot.tsx';
export { type Tab, Tabs } from './tabs.tsx';
export { Freshness, TimeAgo } from './time-ago.tsx';
export { useShownZone } from './zone.ts';

import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { useNow } from './clock.ts';
import { rememberRange } from './recent-ranges.ts';
import type { AppSearch, RefreshChoice } from './search-params.ts';
import { useSettings } from './settings.ts';
import {
  defaultRange,
  describeRange,
  followsNow,
  isRelative,
  type RangeMs,
  type RangeText,
  resolveRange,
  shiftRange,
  type Zone,
  zoomRange,
} from './time.ts';

export interface UrlOptions {
  /** Replaces the history entry instead of adding one. For typing and dragging, so that "back" leaves the page. */
  replace?: boolean;
}

/** The whole query string, as it stands. */
export function useSearchParams(): AppSearch {
  return useSearch({ strict: false }) as AppSearch;
}

/** Changes several parameters in one step of the history; `null` takes one out. */
export function useUrlUpdate(): (patch: Record<string, string | null>, options?: UrlOptions) => void {
  const navigate = useNavigate();
  return useCallback(
    (patch, options = {}) => {
      void navigate({
        to: '.',
        search: (previous: AppSearch) => applyPatch(previous, patch),
        replace: options.replace ?? false,
        resetScroll: false,
      });
    },
    [navigate],
  );
}

function applyPatch(previous: AppSearch, patch: Record<string, string | null>): AppSearch {
  const next: AppSearch = { ...previous };
  // Undefined rather than deleted: a key that is merely absent would be carried over as shared state.
  for (const [key, value] of Object.entries(patch)) next[key] = value ?? undefined;
  return next;
}

/**
 * One parameter as state. The default is not written to the URL. With `allowed`, any other value in the URL reads as the default.
 *
 * @example const [group, setGroup] = useUrlState('group', 'model', ['model', 'user', 'day'] as const);
 */
export function useUrlState<T extends string = string>(
  key: string,
  fallback: NoInfer<T>,
  allowed?: readonly T[],
): [value: T, set: (value: T | null, options?: UrlOptions) => void] {
  const raw = useSearchParams()[key];
  const update = useUrlUpdate();
  const known = raw !== undefined && (allowed === undefined || (allowed as readonly string[]).includes(raw));
  const set = useCallback(
    (value: T | null, options?: UrlOptions) => update({ [key]: value === fallback ? null : value }, options),
    [update, key, fallback],
  );
  return [known ? (raw as T) : fallback, set];
}

/** The zone that times are shown and read in: `tz` of the URL, else the setting. */
export function useZone(): Zone {
  const settings = useSettings();
  return useSearchParams().tz ?? settings.zone;
}

/** The range of the page as text: what queries key on, since it does not change while the clock runs. */
export function useRangeText(): RangeText {
  const { from, to } = useSearchParams();
  return useMemo(() => ({ from: from ?? defaultRange.from, to: to ?? defaultRange.to }), [from, to]);
}

export interface TimeRange extends RangeText, RangeMs {
  /** Does either end move with the clock? */
  isRelative: boolean;
  /** Does it end in the present, so that live updates belong to it? */
  followsNow: boolean;
  /** `Last 24 hours` */
  label: string;
  zone: Zone;
  setRange: (from: string, to: string, options?: UrlOptions) => void;
  /** Moves by half a range per step, back for negative ones. */
  shift: (steps: number) => void;
  /** 2 shows twice as much, 0.5 half. */
  zoom: (factor: number) => void;
}

/** How often the ends of a relative range follow the clock. */
const rangeStepMs = 10_000;

/** The time range of the page. Its text is in the URL; a range that makes no sense reads as the default. */
export function useTimeRange(): TimeRange {
  const asked = useRangeText();
  const zone = useZone();
  const now = useNow(rangeStepMs);
  const update = useUrlUpdate();

  const usable = resolveRange(asked, now, zone);
  const text = usable === null ? defaultRange : asked;
  const { fromMs, toMs } = usable ??
    resolveRange(defaultRange, now, zone) ?? { fromMs: now - 86_400_000, toMs: now };

  const setRange = useCallback(
    (from: string, to: string, options?: UrlOptions) => {
      rememberRange({ from, to });
      const isDefault = from === defaultRange.from && to === defaultRange.to;
      update(isDefault ? { from: null, to: null } : { from, to }, options);
    },
    [update],
  );
  return {
    ...text,
    fromMs,
    toMs,
    isRelative: isRelative(text.from) || isRelative(text.to),
    followsNow: followsNow(text),
    label: describeRange(text, now, zone),
    zone,
    setRange,
    shift: (steps) => {
      const next = shiftRange({ fromMs, toMs }, steps, Date.now());
      setRange(next.from, next.to);
    },
    zoom: (factor) => {
      const next = zoomRange(text, { fromMs, toMs }, factor, Date.now());
      setRange(next.from, next.to);
    },
  };
}

const refreshMs: Readonly<Record<RefreshChoice, number | false>> = {
  off: false,
  '5s': 5000,
  '10s': 10_000,
  '30s': 30_000,
  '1m': 60_000,
  '5m': 300_000,
};

/** While live, events bring the news; this interval only catches what has no event. */
const liveFallback: RefreshChoice = '1m';

/** How often the page asks again; false for never. A range in the past never does. */
export function useRefreshInterval(): {
  choice: RefreshChoice;
  everyMs: number | false;
  set: (choice: RefreshChoice) => void;
} {
  const { refresh, live } = useSearchParams();
  const range = useRangeText();
  const update = useUrlUpdate();
  const implied: RefreshChoice = live === 'off' ? 'off' : liveFallback;
  const choice = (refresh as RefreshChoice | undefined) ?? implied;
  const set = useCallback(
    (next: RefreshChoice) => update({ refresh: next === implied ? null : next }),
    [update, implied],
  );
  return { choice, everyMs: followsNow(range) ? refreshMs[choice] : false, set };
}

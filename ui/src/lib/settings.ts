import { useEffect } from 'react';
import { createStore, useStore } from './external-store.ts';
import { isZone, type Zone } from './time.ts';

export type ThemeChoice = 'dark' | 'light' | 'system' | 'contrast';
/** What is on screen: `system` resolved. */
export type Theme = 'dark' | 'light' | 'contrast';
export type Density = 'comfortable' | 'compact';

/** What this browser remembers for its user. Nothing of it is sent to the server. */
export interface Settings {
  theme: ThemeChoice;
  density: Density;
  /** Zone of times on pages; a `tz` in the URL wins. */
  zone: Zone;
  /** Single-key shortcuts (WCAG 2.1.4: must be possible to switch off). Chords with cmd or ctrl stay. */
  singleKeys: boolean;
  rail: 'wide' | 'narrow';
}

export const defaultSettings: Settings = {
  theme: 'system',
  density: 'comfortable',
  zone: 'browser',
  singleKeys: true,
  rail: 'wide',
};

/** public/theme.js reads the same key before the first paint. */
const storageKey = 'bellwether.settings';

/** Settings out of whatever the storage holds; every field that is not understood falls back to its default. */
export function readSettings(text: string | null): Settings {
  const raw = parseObject(text);
  const { theme, density, zone, singleKeys, rail } = raw;
  return {
    theme: theme === 'dark' || theme === 'light' || theme === 'contrast' ? theme : defaultSettings.theme,
    density: density === 'compact' ? density : defaultSettings.density,
    zone: typeof zone === 'string' && isZone(zone) ? zone : defaultSettings.zone,
    singleKeys: typeof singleKeys === 'boolean' ? singleKeys : defaultSettings.singleKeys,
    rail: rail === 'narrow' ? rail : defaultSettings.rail,
  };
}

function parseObject(text: string | null): Record<string, unknown> {
  if (text === null) return {};
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {}; // not ours, or cut short: the defaults are right then
  }
}

function load(): Settings {
  try {
    return readSettings(localStorage.getItem(storageKey));
  } catch {
    return defaultSettings; // storage is blocked in this browser: settings last as long as the tab
  }
}

function save(settings: Settings): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(settings));
  } catch {
    // Full or blocked storage: the settings still hold in this tab.
  }
}

const store = createStore<Settings>(load());
const systemLight = window.matchMedia('(prefers-color-scheme: light)');
const themeStore = createStore<Theme>(resolveTheme(store.get().theme));

function resolveTheme(choice: ThemeChoice): Theme {
  if (choice !== 'system') return choice;
  return systemLight.matches ? 'light' : 'dark';
}

function apply(): void {
  const settings = store.get();
  const root = document.documentElement;
  root.dataset.theme = resolveTheme(settings.theme);
  root.dataset.density = settings.density;
  root.dataset.rail = settings.rail;
  // After the attribute, so that whoever redraws on the change reads the new colours.
  themeStore.set(resolveTheme(settings.theme));
}

export function getSettings(): Settings {
  return store.get();
}

export function updateSettings(patch: Partial<Settings>): void {
  store.set({ ...store.get(), ...patch });
  save(store.get());
  apply();
}

export function useSettings(): Settings {
  return useStore(store);
}

/** The theme on screen. Canvas drawings depend on it to read their colours anew. */
export function useTheme(): Theme {
  return useStore(themeStore);
}

/** The next choice of the one-key switch: dark and light only, since that is what a person toggles. */
export function toggleTheme(): void {
  updateSettings({ theme: themeStore.get() === 'light' ? 'dark' : 'light' });
}

/** Follows the system's scheme and other tabs. Once, in the shell. */
export function useSettingsSync(): void {
  useEffect(() => {
    apply();
    const onStorage = (event: StorageEvent): void => {
      if (event.key !== storageKey) return;
      store.set(readSettings(event.newValue));
      apply();
    };
    systemLight.addEventListener('change', apply);
    window.addEventListener('storage', onStorage);
    return () => {
      systemLight.removeEventListener('change', apply);
      window.removeEventListener('storage', onStorage);
    };
  }, []);
}

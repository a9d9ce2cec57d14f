import { afterEach, expect, test } from 'vitest';
import { defaultSettings, getSettings, readSettings, toggleTheme, updateSettings } from './settings.ts';

afterEach(() => updateSettings(defaultSettings));

test('whatever the storage holds, settings come out', () => {
  expect(readSettings(null)).toEqual(defaultSettings);
  expect(readSettings('{"theme":')).toEqual(defaultSettings);
  expect(readSettings('null')).toEqual(defaultSettings);
  expect(readSettings('{"theme":"pink","zone":"Mars/Olympus","singleKeys":"no","density":1}')).toEqual(
    defaultSettings,
  );
  expect(
    readSettings('{"theme":"light","zone":"UTC","singleKeys":false,"density":"compact","rail":"narrow"}'),
  ).toEqual({
    theme: 'light',
    zone: 'UTC',
    singleKeys: false,
    density: 'compact',
    rail: 'narrow',
  });
});

test('a change is on screen and in the storage at once', () => {
  updateSettings({ theme: 'light', density: 'compact' });
  expect(document.documentElement.dataset).toMatchObject({ theme: 'light', density: 'compact' });
  expect(readSettings(localStorage.getItem('bellwether.settings'))).toEqual(getSettings());
  toggleTheme();
  expect(document.documentElement.dataset.theme).toBe('dark');
});

import { describe, expect, it } from 'vitest';
import { wantsPerson } from '../../lib/firing.ts';
import { alertListWith, alertWith, sampleAlerts, watchdog } from '../alerts-fixture.ts';
import {
  countdownText,
  groupAlerts,
  isHeartbeat,
  matchersText,
  parseMatchers,
  parseUntil,
  quietSentence,
  scopeMatchers,
  scopesOf,
  tomorrowMorning,
  webUrl,
} from './alert-model.ts';

const now = Date.parse('2026-11-20T14:00:00Z');

describe('groups of alerts', () => {
  it('stand by priority, then service; what is over stands last', () => {
    const groups = groupAlerts(sampleAlerts());
    expect(groups.map(({ priority, service, isResolved }) => [priority, service, isResolved])).toEqual([
      ['P0', 'checkout', false],
      ['P0', 'orders', false],
      ['P2', 'checkout', false],
      ['P2', 'mail', false],
      ['P2', 'node', false],
      ['P3', '', true],
    ]);
    expect(groups[0]?.severities).toEqual(['critical']);
  });
  it('counts for a person only what fires, is told, and nobody has', () => {
    expect([...sampleAlerts(), watchdog()].filter(wantsPerson).map(({ name }) => name)).toEqual([
      'HighErrorRate',
      'LatencyHigh',
    ]);
  });
});

describe('proof of life', () => {
  it('is what fires on purpose, not anything that asks nobody', () => {
    expect(isHeartbeat(watchdog())).toBe(true);
    expect(isHeartbeat(watchdog({ name: 'DeadMansSwitch' }))).toBe(true);
    expect(isHeartbeat(watchdog({ name: 'InfoInhibitor' }))).toBe(false);
    expect(isHeartbeat(watchdog({ state: 'resolved' }))).toBe(false);
    expect(isHeartbeat(watchdog({ severity: 'critical' }))).toBe(false);
  });
});

describe('countdowns', () => {
  it.each([
    [41_000, '41s'],
    [245_000, '4m 05s'],
    [3_840_000, '1h 04m'],
    [-5000, '0s'],
  ])('%i ms reads %s', (ms, text) => expect(countdownText(ms)).toBe(text));
});

describe('addresses out of annotations', () => {
  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    ' JAVASCRIPT:alert(1)',
    '//evil',
    '/path',
    'ftp://x',
    '',
  ])('%s is no link', (text) => expect(webUrl(text)).toBeNull());
  it('http and https are', () => expect(webUrl(' https://a.example/x?y=1 ')).toBe('https://a.example/x?y=1'));
});

describe('matchers', () => {
  it('of this alert are all of its labels; of its name and service one each', () => {
    const alert = alertWith();
    expect(scopeMatchers(alert, 'this')).toHaveLength(Object.keys(alert.labels).length);
    expect(scopeMatchers(alert, 'name')).toEqual([{ name: 'alertname', type: '=', value: 'HighErrorRate' }]);
    expect(scopeMatchers(alert, 'service')).toEqual([{ name: 'service', type: '=', value: 'checkout' }]);
    expect(scopesOf(alertWith({ labels: { alertname: 'x' } }))).toEqual(['this', 'name']);
  });
  it('are read as they are written', () => {
    const matchers = parseMatchers('{service=~"a|b,c", severity!="", path="C:\\\\x \\"y\\"", team=ops}');
    expect(matchers).toEqual([
      { name: 'service', type: '=~', value: 'a|b,c' },
      { name: 'severity', type: '!=', value: '' },
      { name: 'path', type: '=', value: 'C:\\x "y"' },
      { name: 'team', type: '=', value: 'ops' },
    ]);
    expect(parseMatchers(matchersText(matchers!))).toEqual(matchers);
  });
  it.each(['', '{}', 'no matcher', 'a="x" b="y"', 'a=="x"', 'a="x'])('%s is none', (text) => {
    expect(parseMatchers(text)).toBeNull();
  });
});

describe('ends of silences', () => {
  it('tomorrow at nine is that of the zone, also when the clocks change in between', () => {
    expect(new Date(tomorrowMorning(now, 'Europe/Berlin')).toISOString()).toBe('2026-11-21T08:00:00.000Z');
    const beforeChange = Date.parse('2026-10-24T20:00:00Z');
    expect(new Date(tomorrowMorning(beforeChange, 'Europe/Berlin')).toISOString()).toBe(
      '2026-10-25T08:00:00.000Z',
    );
  });
  it('are lengths or times to come', () => {
    expect(parseUntil('90m', now, 'UTC')).toBe(now + 5_400_000);
    expect(parseUntil('1d 2h', now, 'UTC')).toBe(now + 26 * 3_600_000);
    expect(parseUntil('2026-11-20 18:00', now, 'UTC')).toBe(now + 4 * 3_600_000);
    expect(parseUntil('2026-11-20 12:00', now, 'UTC')).toBeNull();
    expect(parseUntil('soon', now, 'UTC')).toBeNull();
  });
});

describe('a list without rows', () => {
  it('proves that somebody looks', () => {
    const { rules } = alertListWith([]);
    const at = Date.parse(rules.last_evaluation_at!) + 8000;
    expect(quietSentence(rules, at)).toBe('Nothing is firing; 12 rules evaluated 8s ago.');
    expect(quietSentence({ ...rules, total: 0 }, at)).toMatch(/no rules yet/);
    expect(quietSentence({ ...rules, last_evaluation_at: null }, at)).toMatch(/not evaluated yet/);
  });
});

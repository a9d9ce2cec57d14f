import { describe, expect, test } from 'vitest';
import { LineCounter, parseDocument } from 'yaml';
import { Labels } from '../model/labels.ts';
import { documentPlace } from '../prom-config/index.ts';
import { emptyOnCall, parseOnCall } from './config.ts';
import { policyFor } from './config-types.ts';
import { parseTestMatchers } from './on-call-test-kit.ts';
import { priorityOfLabels, responseDue } from './priorities.ts';

function readOnCall(text: string, receivers?: readonly string[]) {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const place = documentPlace('bellwether.yml', document, lines, ['on_call']);
  const value = (document.toJS() as { on_call?: unknown } | null)?.on_call;
  return parseOnCall(value, place, {
    receivers: receivers && new Set(receivers),
    parseMatchers: parseTestMatchers,
    directory: '/etc/bellwether',
  });
}

const GOOD = `
on_call:
  people:
    - { name: ann, receivers: [ann-phone, ann-mail] }
    - { name: bob, receivers: [bob-phone] }
  schedules:
    - name: primary
      time_zone: Europe/Berlin
      rotations:
        - people: [ann, bob]
          start: 2026-11-23T09:00:00
          shift_length: 1w
        - people: [bob]
          start: 2026-11-23T09:00:00Z
          shift_length: 12h
          restrictions:
            - weekdays: [friday:monday, wed]
              times: [{ start_time: '22:00', end_time: '06:00' }]
  escalation_policies:
    - name: critical
      matchers: ['severity="critical"']
      steps:
        - { schedules: [primary] }
        - { after: 5m, receivers: [ops], schedules: [primary] }
      repeat: 2
      repeat_after: 10m
    - name: rest
      steps: [{ after: 30m, receivers: [ops] }]
  priorities:
    P0: { severities: [critical, High], acknowledge_within: 3m }
    P3: { acknowledge_within: next_business_day }
  business_hours: { time_zone: Europe/Berlin, end_time: '18:00' }
  telegram: { secret: abc, bot_token_file: token.txt, allowed_users: [12345] }
  slack: { signing_secret_file: /run/slack }
`;
const RECEIVERS = ['ann-phone', 'ann-mail', 'bob-phone', 'ops'];

const labels = (object: Record<string, string>) => Labels.fromObject(object);

describe('configuration of on-call', () => {
  test('is read', () => {
    const { config, problems } = readOnCall(GOOD, RECEIVERS);
    expect(problems).toEqual([]);
    const { rotations, zone } = config!.schedules.get('primary')!;
    expect(zone.name).toBe('Europe/Berlin');
    expect(rotations[0]).toMatchObject({
      startWallMs: Date.UTC(2026, 10, 23, 9),
      shiftLengthMs: 7 * 86_400_000,
    });
    expect(rotations[1]).toMatchObject({
      // With an offset it is a moment, here ten in Berlin.
      startWallMs: Date.UTC(2026, 10, 23, 10),
      restrictions: [
        { weekdays: new Set([5, 6, 0, 1, 3]), windows: [{ startMs: 22 * 3_600_000, endMs: 6 * 3_600_000 }] },
      ],
    });
    expect(config!.telegram).toMatchObject({
      secret: { text: 'abc' },
      botToken: { file: '/etc/bellwether/token.txt' },
      allowedUsers: new Set(['12345']),
    });
    expect(config!.slack).toMatchObject({ signingSecret: { file: '/run/slack' } });
    expect(config!.policies[0]).toMatchObject({
      repeats: 2,
      repeatAfterMs: 600_000,
      matchersText: '{severity="critical"}',
    });
    expect(policyFor(config!, labels({ severity: 'critical' }))?.name).toBe('critical');
    expect(policyFor(config!, labels({ severity: 'info' }))?.name).toBe('rest');
    // An alert that always fires asks nobody to do anything.
    expect(policyFor(config!, labels({ severity: 'none' }))).toBeUndefined();
  });

  test('nothing at all is right too', () => {
    expect(readOnCall('').config).toEqual(emptyOnCall());
    expect(readOnCall('on_call:').config).toEqual(emptyOnCall());
  });

  test('all mistakes are told at once, each with its place', () => {
    const { config, problems } = readOnCall(
      `
on_call:
  peeple: []
  people:
    - { name: ann, receivers: [ann-fone] }
    - { name: ann, receivers: [] }
    - 7
  schedules:
    - name: primary
      time_zone: Europe/Berlim
      rotations: [{ people: [ann], start: 2026-02-30, shift_length: 5m }]
    - name: second
      time_zone: UTC
      rotations:
        - { people: [amn, ann], start: 2026-02-03, shift_length: 1d, restrictions: [{ weekdays: [someday] }] }
        - people: [zoe]
          start: 2026-02-03
          shift_length: 1d
          restrictions: [{ times: [{ start_time: '09:00', end_time: '09:00' }, { start_time: '9', end_time: '25:00' }] }]
    - name: third
      time_zone: UTC
      rotations: [{ people: [amn], start: 2026-02-03, shift_length: 1d }]
  escalation_policies:
    - name: one
      matchers: [severity]
      steps: [{ after: 5m, receivers: [opps], schedules: [primary, fourth] }]
      repeat_after: 1s
    - name: two
      matchers: [severity]
      steps: [{ after: 5m, receivers: [opps], schedules: [primary, fourth] }]
    - name: three
      steps: [{ after: soon }]
  priorities:
    P0: { severities: [a], acknowledge_within: someday }
    P4: {}
  business_hours: { start_time: '17:00', end_time: '09:00' }
  telegram: { secret: a, secret_file: b, bot_token: c, allowed_users: ['@ann'] }
  slack: {}
`,
      ['ann-phone', 'ops'],
    );
    expect(config).toBeUndefined();
    const told = problems.map(({ path, line, message }) => `${line} ${path}: ${message}`).sort();
    expect(told).toMatchInlineSnapshot(`
      [
        "10 on_call.schedules.0.time_zone: there is no time zone "Europe/Berlim"; use a name of the IANA database such as Europe/Berlin",
        "11 on_call.schedules.0.rotations.0.shift_length: must be between 1h and 366d",
        "11 on_call.schedules.0.rotations.0.start: not a date and time: "2026-02-30"; use 2026-11-23T09:00:00, taken in the schedule's time zone",
        "15 on_call.schedules.1.rotations.0.people.0: there is no person "amn"; did you mean ann?",
        "15 on_call.schedules.1.rotations.0.restrictions.0.weekdays.0: must be a weekday, or a range such as monday:friday",
        "16 on_call.schedules.1.rotations.1.people.0: there is no person "zoe"",
        "19 on_call.schedules.1.rotations.1.restrictions.0.times.0: must end at another time than it starts; for whole days leave times out, 00:00 to 24:00 is one too",
        "19 on_call.schedules.1.rotations.1.restrictions.0.times.1.end_time: must be a time of day such as 09:00",
        "19 on_call.schedules.1.rotations.1.restrictions.0.times.1.start_time: must be a time of day such as 09:00",
        "22 on_call.schedules.2.rotations.0.people.0: there is no person "amn"; did you mean ann?",
        "25 on_call.escalation_policies.0.matchers.0: bad matcher "severity"",
        "26 on_call.escalation_policies.0.steps.0.receivers.0: there is no receiver "opps"; did you mean ops?",
        "26 on_call.escalation_policies.0.steps.0.schedules.1: there is no schedule "fourth"",
        "27 on_call.escalation_policies.0.repeat_after: must be at least 1m",
        "29 on_call.escalation_policies.1.matchers.0: bad matcher "severity"",
        "3 on_call.peeple: unknown key "peeple"; did you mean people?",
        "30 on_call.escalation_policies.1.steps.0.receivers.0: there is no receiver "opps"; did you mean ops?",
        "30 on_call.escalation_policies.1.steps.0.schedules.1: there is no schedule "fourth"",
        "32 on_call.escalation_policies.2.steps.0.after: not a valid duration string: "soon"",
        "34 on_call.priorities.P0.acknowledge_within: must be a duration such as 15m and at most 366d, next_business_day, or never",
        "35 on_call.priorities.P4: unknown key "P4"; did you mean P0?",
        "36 on_call.business_hours.end_time: must end after they start",
        "37 on_call.telegram.allowed_users.0: must be the number of a user",
        "37 on_call.telegram: must have either secret or secret_file",
        "38 on_call.slack: must have either signing_secret or signing_secret_file",
        "5 on_call.people.0.receivers.0: there is no receiver "ann-fone"; did you mean ann-phone?",
        "6 on_call.people.1.receivers: must name at least one receiver",
        "7 on_call.people.2: must be a section of keys and values",
      ]
    `);
    expect(
      problems.every(({ line, column, source }) => line! > 1 && column! > 0 && source === 'bellwether.yml'),
    ).toBe(true);
  });

  test('severities that are listed twice, and receivers that are not known', () => {
    expect(
      readOnCall(`on_call: { priorities: { P0: { severities: [x] }, P1: { severities: [y, X] } } }`).problems,
    ).toMatchObject([{ path: 'on_call.priorities.P1.severities.1' }]);
    // Without alertmanager.yml it is not known which there are.
    expect(readOnCall(`on_call: { people: [{ name: ann, receivers: [x] }] }`).problems).toEqual([]);
  });
});

describe('priorities', () => {
  test('follow from severities, and a label says it best', () => {
    const config = emptyOnCall();
    const of = (object: Record<string, string>) => priorityOfLabels(config, labels(object));
    expect(of({ severity: 'critical' })).toBe('P0');
    expect(of({ severity: 'PAGE' })).toBe('P0');
    expect(of({ severity: 'high' })).toBe('P1');
    expect(of({ severity: 'warning' })).toBe('P2');
    expect(of({ severity: 'none' })).toBe('P3');
    expect(of({ severity: 'purple' })).toBe('P2');
    expect(of({})).toBe('P2');
    expect(of({ severity: 'critical', priority: 'P3' })).toBe('P3');
    expect(of({ severity: 'critical', priority: 'p1' })).toBe('P1');
    expect(of({ severity: 'critical', priority: 'P9' })).toBe('P0');
  });

  test('a severity that the configuration takes is no longer elsewhere', () => {
    const config = readOnCall(GOOD).config!;
    expect(priorityOfLabels(config, labels({ severity: 'high' }))).toBe('P0');
    expect(priorityOfLabels(config, labels({ severity: 'error' }))).toBe('P1');
    expect(config.priorities.P1.severities).not.toContain('high');
  });

  test('response times', () => {
    const fromMs = Date.UTC(2026, 10, 20, 10);
    expect(responseDue(emptyOnCall(), 'P0', fromMs)).toBe(fromMs + 5 * 60_000);
    expect(responseDue(emptyOnCall(), 'P3', fromMs)).toBe(fromMs + 4 * 3_600_000);
    const config = readOnCall(GOOD).config!;
    expect(responseDue(config, 'P0', fromMs)).toBe(fromMs + 3 * 60_000);
    // A Friday: until Monday, six in the evening in Berlin.
    expect(responseDue(config, 'P3', fromMs)).toBe(Date.UTC(2026, 10, 23, 17));
    // A Sunday evening in Berlin.
    expect(responseDue(config, 'P3', Date.UTC(2026, 10, 22, 22, 59))).toBe(Date.UTC(2026, 10, 23, 17));
    expect(responseDue(config, 'P3', Date.UTC(2026, 10, 22, 23, 1))).toBe(Date.UTC(2026, 10, 24, 17));
    const never = readOnCall('on_call: { priorities: { P3: { acknowledge_within: never } } }').config!;
    expect(responseDue(never, 'P3', fromMs)).toBeUndefined();
  });
});

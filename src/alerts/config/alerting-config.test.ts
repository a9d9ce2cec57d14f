import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { defaultAlertingConfig, loadAlertingConfig, MAX_ROUTE_DEPTH, parseAlertingConfig } from './index.ts';
import { TEST_CHANNELS } from './test-channels.ts';

const channels = TEST_CHANNELS;
const parse = (text: string) => parseAlertingConfig(text, { channels, file: '/etc/am/alertmanager.yml' });

/** `line:column message` of each problem. */
const mistakes = (text: string) =>
  parse(text).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

function right(text: string) {
  const { config, problems, warnings } = parse(text);
  expect(problems).toEqual([]);
  return { config: config!, warnings };
}

const withRoute = (rest: string) => `route: {receiver: r}\nreceivers: [{name: r}]\n${rest}`;
const withReceiver = (entries: string, rest = '') =>
  `route: {receiver: r}\nreceivers:\n- name: r\n${entries.replace(/^/gm, '  ')}\n${rest}`;

const WHOLE = `
global:
  resolve_timeout: 10m
  smtp_smarthost: mail.example:587
  smtp_from: alerts@example.org
  smtp_auth_username: me
  smtp_auth_password_file: secrets/smtp
  smtp_require_tls: false
  http_config: {proxy_url: 'http://proxy:3128'}
route:
  receiver: ops
  group_by: [alertname, cluster]
  group_wait: 10s
  routes:
    - matchers: [severity="critical", 'service=~"a|b"']
      receiver: pager
      continue: true
      group_by: ['...']
      repeat_interval: 1d
      active_time_intervals: [office]
      routes:
        - match: {version: 1.10, flag: True}
          match_re: {host: db.*}
          group_interval: 1m
          group_by: []
          mute_time_intervals: [office, nights]
inhibit_rules:
  - source_matchers: [severity="critical"]
    target_match: {severity: warning}
    target_match_re: {service: a|b}
    equal: [alertname, alertname, cluster]
  - name: named
    sources: [{matchers: ['x="1"'], equal: [y]}]
    target_matchers: ['{z="1", w!="2"}']
mute_time_intervals:
  - name: nights
    time_intervals: [{times: [{start_time: 22:00, end_time: 24:00}, {start_time: 00:00, end_time: 06:00}]}]
time_intervals:
  - name: office
    time_intervals:
      - {weekdays: ['monday:friday'], times: [{start_time: 09:00, end_time: '17:00'}], location: Europe/Berlin}
receivers:
  - name: ops
    email_configs:
      - to: a@example.org
      - {to: b@example.org, auth_password: direct, send_resolved: true, smarthost: other:25}
  - name: pager
    pagerduty_configs:
      - routing_key: 0123
        http_config: {follow_redirects: false, tls_config: {ca_file: ca.pem}}
    slack_configs:
      - api_url_file: slack
`;

describe('a whole configuration', () => {
  const { config } = right(WHOLE);

  test('routes with what they inherit', () => {
    const [pager] = config.route.routes;
    expect(config.route).toMatchObject({
      id: '0',
      key: '{}',
      receiver: 'ops',
      groupBy: ['alertname', 'cluster'],
      groupWaitMs: 10_000,
      groupIntervalMs: 300_000,
      repeatIntervalMs: 14_400_000,
      matchers: [],
      continues: false,
      line: 11,
    });
    expect(pager).toMatchObject({
      id: '0.0',
      key: '{}/{service=~"a|b",severity="critical"}',
      receiver: 'pager',
      groupBy: 'all',
      groupWaitMs: 10_000,
      repeatIntervalMs: 86_400_000,
      activeTimeIntervals: ['office'],
      muteTimeIntervals: [],
      continues: true,
      line: 15,
    });
    expect(pager!.routes[0]).toMatchObject({
      id: '0.0.0',
      // Values are texts as they were written.
      key: '{}/{service=~"a|b",severity="critical"}/{flag="True",host=~"^(?:db.*)$",version="1.10"}',
      receiver: 'pager',
      groupBy: [],
      groupIntervalMs: 60_000,
      repeatIntervalMs: 86_400_000,
      // Not inherited.
      activeTimeIntervals: [],
      muteTimeIntervals: ['office', 'nights'],
      continues: false,
      line: 22,
    });
  });

  test('receivers with what global gives them', () => {
    const ops = config.receivers.get('ops')!.integrations;
    expect(ops).toMatchObject([
      {
        id: 'ops/email/0',
        receiver: 'ops',
        channel: 'email',
        index: 0,
        sendsResolved: false,
        settings: {
          to: 'a@example.org',
          from: 'alerts@example.org',
          smarthost: 'mail.example:587',
          auth_username: 'me',
          auth_password_file: '/etc/am/secrets/smtp',
          require_tls: false,
        },
        http: { proxy: { url: 'http://proxy:3128' }, followRedirects: true },
      },
      { id: 'ops/email/1', index: 1, sendsResolved: true, settings: { smarthost: 'other:25' } },
    ]);
    // A password of its own stands for the file of global.
    expect(ops[1]!.settings).toMatchObject({ auth_password: 'direct' });
    expect(ops[1]!.settings).not.toHaveProperty('auth_password_file');
    expect(config.receivers.get('pager')!.integrations).toMatchObject([
      {
        id: 'pager/pagerduty/0',
        settings: { routing_key: '0123' },
        http: { followRedirects: false, tls: { caFile: '/etc/am/ca.pem' }, proxy: undefined },
      },
      { id: 'pager/slack/0', settings: { api_url_file: '/etc/am/slack' }, http: { followRedirects: true } },
    ]);
  });

  test('inhibition, times and the rest', () => {
    const shown = config.inhibitRules.map(({ name, sourceMatchers, targetMatchers, equal }) => ({
      name,
      source: sourceMatchers.map((matcher) => matcher.name + matcher.type + matcher.value),
      target: targetMatchers.map((matcher) => matcher.name + matcher.type + matcher.value),
      equal,
    }));
    expect(shown).toEqual([
      {
        name: 'inhibit_rules.0',
        source: ['severity=critical'],
        target: ['service=~^(?:a|b)$', 'severity=warning'],
        equal: ['alertname', 'cluster'],
      },
      { name: 'named', source: ['x=1'], target: ['w!=2', 'z=1'], equal: ['y'] },
    ]);
    const isWithin = (name: string, moment: string) =>
      config.timeIntervals.get(name)!.contains(Date.parse(moment));
    expect([...config.timeIntervals.keys()]).toEqual(['nights', 'office']);
    expect(isWithin('nights', '2026-11-20T23:59:00Z')).toBe(true);
    expect(isWithin('nights', '2026-11-20T06:00:00Z')).toBe(false);
    expect(isWithin('office', '2026-11-20T08:00:00Z')).toBe(true);
    expect(isWithin('office', '2026-11-20T16:00:00Z')).toBe(false);
    expect(config).toMatchObject({
      resolveTimeoutMs: 600_000,
      file: '/etc/am/alertmanager.yml',
      templates: [],
    });
  });
});

describe('mistakes', () => {
  test('twenty and more are reported together, each where it is', () => {
    expect(
      mistakes(`globl: {}
global:
  resolve_timeout: soon
  smtp_smarthost: nowhere
  slack_api_url: ftp://x
  opsgenie_api_key: a
  opsgenie_api_key_file: b
  smtp_form: me
route:
  group_by: ['...', alertname]
  group_interval: 0s
  matchers: [a=b]
  continue: true
  routes:
    - receiver: ops-team
      matchers: ['a=~"["', 'b']
      mute_time_intervals: [weekend, offfice]
    - match_re: {a: '(?<'}
      group_by: [a, b, a]
      group_waits: 1s
inhibit_rules:
  - source_matchers: [=x]
    equals: [a]
time_intervals:
  - name: office
    time_intervals:
      - weekdays: ['friday:monday', fri]
        times: [{start_time: '17:00', end_time: '09:00'}, {start_time: '9'}]
        location: Mars/Olympus
        days_of_month: ['0']
  - name: office
receivers:
  - name: ops
    email_configs:
      - {to: x, from: y, text: z, smart_host: w, html: '{{ if }}'}
    slak_configs: []
  - name: ops
  - {}
`),
    ).toEqual([
      '1:1 unknown key "globl"; did you mean global?',
      '3:20 not a valid duration string: "soon"',
      '4:19 must be host:port, not "nowhere"',
      '5:18 must be a URL with http or https',
      '7:3 at most one of opsgenie_api_key & opsgenie_api_key_file must be configured',
      '8:3 unknown key "smtp_form"; did you mean smtp_from?',
      '10:3 the root route must specify a default receiver',
      '10:13 cannot have wildcard group_by (`...`) and other labels at the same time',
      '11:19 group_interval cannot be zero',
      '12:3 the root route must not have any matchers',
      '13:3 the root route cannot have continue',
      '15:17 undefined receiver "ops-team"',
      expect.stringMatching(/^16:18 the regular expression "\[" is not valid: /),
      '16:28 at character 2: one of = != =~ !~ is expected, not the end',
      '17:29 undefined time interval "weekend"',
      '17:38 undefined time interval "offfice"; did you mean office?',
      expect.stringMatching(/^18:21 the regular expression "\(\?<" is not valid: /),
      '19:24 duplicated label "a" in group_by',
      '20:7 unknown key "group_waits"; did you mean group_wait?',
      '22:23 at character 1: the name of a label is expected, not "="',
      '23:5 unknown key "equals"; did you mean equal?',
      '27:20 the range ends before it begins; a week begins with sunday',
      '27:37 "fri" is not a weekday such as monday, or a range such as monday:friday',
      '28:49 the end must be after the start; a range across midnight is two ranges',
      '28:59 both start_time and end_time must be provided',
      '28:72 "9" is not a time of day from 00:00 to 24:00',
      '29:19 unknown time zone "Mars/Olympus"; use a name such as Europe/Berlin',
      expect.stringMatching(/^30:25 "0" is not a day/),
      '31:11 time interval "office" is not unique',
      '35:26 unknown key "text"',
      '35:35 unknown key "smart_host"; did you mean smarthost?',
      expect.stringMatching(/^35:56 .*missing value for if/),
      '36:5 unknown key "slak_configs"; did you mean slack_configs?',
      '37:11 notification config name "ops" is not unique',
      '38:5 missing name in receiver',
    ]);
  });

  test.each([
    ['', '0'],
    ['- a', '1:1 must be a section of keys and values'],
    ['route: [1', '1:10 '],
    ['route: {receiver: r}\nroute: {receiver: r}\nreceivers: [{name: r}]', '2:1 Map keys must be unique'],
  ])('a text that is no configuration: %j', (text, expected) => {
    if (text === '') expect(mistakes(text).join()).toContain('no route provided in config');
    else expect(mistakes(text)[0]).toContain(expected);
  });

  test.each([
    ['route: []', 'must be a section of keys and values'],
    ['route: {receiver: r}', 'undefined receiver "r"'],
    ['route: {receiver: r, routes: {a: 1}}\nreceivers: [{name: r}]', 'must be a list of routes'],
    ['route: {receiver: r, routes: [null]}\nreceivers: [{name: r}]', 'must be a section of keys and values'],
    ['route: {receiver: r, group_by: x}\nreceivers: [{name: r}]', 'must be a list'],
    ['route: {receiver: r}\nreceivers: {name: r}', 'must be a list of receivers'],
    [withRoute('global: x'), 'must be a section of keys and values'],
    [withRoute('global: {http_config: {proxy: x}}'), 'unknown key "proxy"'],
    [
      withRoute('global: {http_config: {bearer_token: x, bearer_token_file: y}}'),
      'at most one of bearer_token',
    ],
    [withRoute('templates: x'), 'must be a list of patterns of files'],
    [withRoute('inhibit_rules: [{sources: [{matchers: [a=""]}]}]'), 'at least one matcher must not match'],
    [withRoute('inhibit_rules: [{sources: [{matchers: [a=b]}], equal: [x]}]'), 'sources cannot be combined'],
    [withReceiver('slack_configs: {}'), 'must be a list of entries under slack_configs'],
    [withReceiver('slack_configs: [null]'), 'must be a section with the keys of slack_configs'],
    [withReceiver('slack_configs: [{api_url: x, token: y}]'), 'one of api_url and token'],
    [withReceiver('slack_configs: [{send_resolved: maybe}]'), 'must be true or false'],
    [
      withReceiver('slack_configs: [{http_config: {tls_config: {cert: x}}}]'),
      'exactly one of key or key_file',
    ],
    [withReceiver('slack_configs: [{text: "{{ nofunc }}"}]'), 'function "nofunc" not defined'],
    [withReceiver('slack_configs: [{fields: [{title: "{{", value: "{{ end }}"}]}]'), 'unexpected {{end}}'],
  ])('%s', (text, expected) => {
    expect(mistakes(text)).toHaveLength(1);
    expect(mistakes(text)[0]).toContain(expected);
  });

  test('what global lacks or has wrong is reported once, where it belongs', () => {
    const entries = 'email_configs:\n- {to: a}\n- {to: b, from: x, smarthost: y}';
    expect(mistakes(withReceiver(entries))).toEqual([
      '5:5 missing key "from"',
      '5:5 missing key "smarthost"',
    ]);
    const rest = 'global: {smtp_smarthost: "h:1", smtp_from: x, smtp_tls_config: [1]}';
    const found = mistakes(withReceiver(entries, rest));
    expect(found.every((problem) => problem.startsWith('7:64'))).toBe(true);
  });

  test('contradictions are found beside unknown keys', () => {
    expect(mistakes(withReceiver('slack_configs: [{api_url: x, token: y, txt: a, chanel: b}]'))).toEqual([
      '4:39 one of api_url and token',
      '4:42 unknown key "txt"; did you mean text?',
      '4:50 unknown key "chanel"; did you mean channel?',
    ]);
  });

  test('nothing that is secret is quoted', () => {
    const text = withReceiver(
      'slack_configs: [{api_url: "hunter2", token: "hunter2", channel: "hunter2"}]',
      'global: {slack_api_url: "hunter2", telegram_bot_token: hunter2, mattermost_webhook_url: "ftp://hunter2"}',
    );
    expect(mistakes(text).length).toBeGreaterThan(2);
    expect(mistakes(text).join()).not.toContain('hunter2');
  });

  test('bounds', () => {
    const nested = (depth: number) => ', routes: [{receiver: r'.repeat(depth) + '}]'.repeat(depth);
    const tree = (depth: number) => `route: {receiver: r${nested(depth)}}\nreceivers: [{name: r}]`;
    expect(mistakes(tree(MAX_ROUTE_DEPTH - 1))).toEqual([]);
    expect(mistakes(tree(MAX_ROUTE_DEPTH)).join()).toContain('nested more than 50 levels');
    expect(mistakes(tree(20_000))).toHaveLength(1);
    const many = `route:\n  receiver: r\n  routes:\n${'    - {}\n'.repeat(10_000)}\nreceivers: [{name: r}]`;
    expect(mistakes(many).join()).toContain('there are more than 10000 routes');
    const wrong = Array.from({ length: 2000 }, (_, i) => `key${i}: 1`).join('\n');
    expect(mistakes(`${wrong}\n${withRoute('')}`)).toHaveLength(1001);
    expect(mistakes(`${wrong}\n${withRoute('')}`).at(-1)).toContain('and 1000 more');
  });

  test('an alias inside what it stands for, and aliases without end, are refused', () => {
    const loop = 'route: &r {receiver: r, routes: [*r]}\nreceivers: [{name: r}]';
    expect(mistakes(loop)).toEqual(['1:1 sections are nested more than 200 levels deep']);
    const lists = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(10)}]`);
    expect(mistakes(`l0: &l0 [x]\n${lists.join('\n')}`)).toHaveLength(1);
  });
});

test('any damage to a file is reported, never thrown, and nearly always has a place', () => {
  const damage = fc.constantFrom(
    '',
    ': ',
    '- ',
    '{',
    '[',
    "'",
    '*x',
    '&x ',
    '!!int ',
    '~',
    '\t',
    '0',
    '...',
    'é',
    '"a',
    '|\n',
  );
  const cut = fc.record({ at: fc.nat(WHOLE.length), length: fc.nat(12), damage });
  fc.assert(
    fc.property(fc.array(cut, { minLength: 1, maxLength: 3 }), (cuts) => {
      let text = WHOLE;
      for (const { at, length, damage } of cuts) text = text.slice(0, at) + damage + text.slice(at + length);
      const { config, problems } = parse(text);
      expect(config === undefined).toBe(problems.length > 0);
      for (const problem of problems) expect(problem.line).toBeGreaterThan(0);
    }),
    { numRuns: 300 },
  );
});

describe('warnings', () => {
  test('what has no effect', () => {
    const text = withReceiver(
      'victorops_configs:\n- api_key: x\n- {}\nwechat_configs: [{corp_id: x}]',
      'tracing: {endpoint: x}\ntemplates: [/nowhere/at/all/*.tmpl]\n' +
        'inhibit_rules: [{sources: [{matchers: [a=b]}, {matchers: [c=d]}]}]',
    );
    const { warnings, config } = right(text);
    expect(warnings.map(({ line, message }) => `${line} ${message}`)).toEqual([
      '5 victorops_configs: there is no such channel here; this entry tells nobody',
      '6 victorops_configs: there is no such channel here; this entry tells nobody',
      '7 wechat_configs: there is no such channel here; this entry tells nobody',
      '8 tracing is ignored: the server has no tracing of its own',
      '9 no file matches "/nowhere/at/all/*.tmpl"',
      expect.stringContaining('10 a rule with 2 sources is not understood yet'),
    ]);
    expect(config.receivers.get('r')!.integrations).toEqual([]);
    expect(config.inhibitRules).toEqual([]);
  });
});

test('of alternatives none is taken from global when the entry has another', () => {
  const global = (keys: string) => `global: {${keys}}`;
  const settings = (entry: string, keys: string) =>
    right(withReceiver(`slack_configs: [${entry}]`, global(keys))).config.receivers.get('r')!.integrations[0]!
      .settings;
  expect(settings('{token: t}', 'slack_api_url: "http://g"')).not.toHaveProperty('api_url');
  expect(settings('{api_url: "http://u"}', 'slack_app_token: t')).not.toHaveProperty('token');
  expect(settings('{api_url_file: u}', 'slack_app_token: t')).not.toHaveProperty('token');
  expect(settings('{}', 'slack_app_token: t')).toMatchObject({ token: 't' });
  // An empty text is the same as no text.
  expect(settings('{api_url: ""}', 'slack_api_url: "http://g"')).toMatchObject({ api_url: 'http://g' });
});

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bw-alerting-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'templates', 'more'), { recursive: true });
  writeFileSync(join(folder, 'templates', 'b.tmpl'), '{{ define "b" }}x{{ end }}');
  writeFileSync(join(folder, 'templates', 'a.tmpl'), '{{ define "a" }}{{ .Status | toUpper }}{{ end }}');
  writeFileSync(join(folder, 'templates', 'more', 'c.tmpl'), 'c');
  writeFileSync(join(folder, 'templates', 'bad.txt'), 'line\n{{ define "x" }}{{ foo }}{{ end }}');
  const load = (text: string) => {
    writeFileSync(join(folder, 'am.yml'), text);
    return loadAlertingConfig(join(folder, 'am.yml'), { channels });
  };

  test('templates beside the file, each once, in order', () => {
    const { config, files, problems } = load(
      withRoute("templates: ['templates/*.tmpl', 'templates/*/[a-c].tmpl', 'templates/a.tmpl', '']"),
    );
    expect(problems).toEqual([]);
    expect(config!.templates).toEqual([
      { name: 'a.tmpl', text: '{{ define "a" }}{{ .Status | toUpper }}{{ end }}' },
      { name: 'b.tmpl', text: '{{ define "b" }}x{{ end }}' },
      { name: 'c.tmpl', text: 'c' },
    ]);
    const names = ['am.yml', 'templates/a.tmpl', 'templates/b.tmpl', 'templates/more/c.tmpl'];
    expect(files).toEqual(names.map((name) => join(folder, name)));
    expect(config!.file).toBe(join(folder, 'am.yml'));
  });

  test('a mistake in a template is reported in its file', () => {
    const { config, problems } = load(withRoute("templates: ['templates/bad.*', templates/more]"));
    expect(config).toBe(undefined);
    expect(problems).toMatchObject([
      { source: join(folder, 'am.yml'), line: 3, message: expect.stringContaining('it is no file') },
      { source: join(folder, 'templates', 'bad.txt'), line: 2, message: expect.stringContaining('"foo"') },
    ]);
  });

  test('a file that is not there', () => {
    const { config, problems } = loadAlertingConfig(join(folder, 'none.yml'), { channels });
    expect(config).toBe(undefined);
    expect(problems).toMatchObject([{ source: join(folder, 'none.yml'), message: /cannot be read: ENOENT/ }]);
  });
});

describe('defaultAlertingConfig', () => {
  test('tells nobody', () => {
    const config = defaultAlertingConfig();
    expect(config.route).toMatchObject({ receiver: 'default', key: '{}', routes: [] });
    expect([...config.receivers.values()]).toEqual([{ name: 'default', integrations: [] }]);
    expect(config.file).toBe('');
    expect(config.text).toContain('receiver: default');
  });

  test('or writes to the console', () => {
    const config = defaultAlertingConfig({ channels, usesConsole: true });
    expect(config.receivers.get('default')!.integrations).toMatchObject([
      { id: 'default/console/0', channel: 'console', sendsResolved: true, settings: {} },
    ]);
  });
});

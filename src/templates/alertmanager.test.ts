import { describe, expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import { type AlertInput, notificationData } from './data.ts';
import { DEFAULT_TEMPLATES } from './default-templates.ts';
import { ALERTMANAGER_FUNCTIONS } from './functions/alertmanager.ts';
import { compileTemplates } from './template-set.ts';

/** https://prometheus.io/docs/alerting/latest/notifications/ and https://pkg.go.dev/time. */
const set = compileTemplates(DEFAULT_TEMPLATES, { functions: ALERTMANAGER_FUNCTIONS });
const startsAtMs = Date.UTC(2026, 10, 20, 9, 5, 7, 250);

function alert(
  instance: string,
  status: AlertInput['status'],
  more: Record<string, string> = {},
): AlertInput {
  return {
    status,
    labels: Labels.fromObject({
      alertname: 'HighErrors',
      service: 'api',
      instance,
      severity: 'critical',
      ...more,
    }),
    annotations: Labels.fromObject({
      summary: 'Too many errors',
      runbook_url: 'https://docs.example/r?a=1&b=2',
    }),
    startsAtMs,
    endsAtMs: status === 'resolved' ? startsAtMs + 600_000 : undefined,
    generatorUrl: 'https://bellwether.example/graph?expr=up',
    fingerprint: `print-${instance}`,
  };
}

const data = notificationData({
  receiver: 'team',
  groupLabels: Labels.fromObject({ service: 'api', alertname: 'HighErrors' }),
  alerts: [alert('i1', 'firing'), alert('i2', 'firing'), alert('i3', 'resolved')],
  externalUrl: 'https://bellwether.example',
});

async function result(text: string, options: { isHtml?: boolean } = {}): Promise<string> {
  const { text: out, error } = await set.renderOrExplain(text, data, {
    nowMs: startsAtMs + 90_500,
    ...options,
  });
  return error === undefined ? out : `${error.code}: ${error.reason}`;
}

describe('data', () => {
  test.each([
    ['{{ .Receiver }} {{ .Status }} {{ .ExternalURL }}', 'team firing https://bellwether.example'],
    ['{{ len .Alerts }} {{ len .Alerts.Firing }} {{ .Alerts.Resolved | len }}', '3 2 1'],
    [
      '{{ .GroupLabels }} {{ .GroupLabels.Names | join "," }} {{ .GroupLabels.Values }}',
      'alertname=HighErrors, service=api alertname,service [HighErrors api]',
    ],
    [
      '{{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }};{{ end }}',
      'alertname=HighErrors;service=api;severity=critical;',
    ],
    [
      '{{ .CommonLabels.SortedPairs.Values | join " " }} {{ .CommonLabels.SortedPairs.Names }}',
      'HighErrors api critical [alertname service severity]',
    ],
    ['{{ (.CommonLabels.Remove .GroupLabels.Names).Values }}', '[critical]'],
    ['{{ .CommonLabels.Remove (stringSlice "service") }}', 'alertname=HighErrors, severity=critical'],
    ['{{ .CommonLabels.missing }}|{{ index .CommonLabels "severity" }}', '|critical'],
    ['{{ .CommonAnnotations.summary }}', 'Too many errors'],
    [
      '{{ range .Alerts }}{{ .Status }}:{{ .Labels.instance }}:{{ .Fingerprint }} {{ end }}',
      'firing:i1:print-i1 firing:i2:print-i2 resolved:i3:print-i3 ',
    ],
    [
      '{{ (index .Alerts 0).GeneratorURL }} {{ (index .Alerts 0).Annotations.summary }}',
      'https://bellwether.example/graph?expr=up Too many errors',
    ],
    ['{{ .Missing }}', "template_failed: can't evaluate field Missing in type *template.Data"],
    ['{{ (index .Alerts.Firing 0).StartsAt }}', '2026-11-20 09:05:07.25 +0000 UTC'],
    [
      '{{ (index .Alerts.Firing 0).EndsAt.IsZero }} {{ (index .Alerts.Firing 0).EndsAt }}',
      'true 0001-01-01 00:00:00 +0000 UTC',
    ],
  ])('%j', async (text, expected) => {
    expect(await result(text)).toBe(expected);
  });

  test('the status is resolved when no alert fires, and an empty notification is no mistake', async () => {
    const empty = notificationData({ receiver: 'r', groupLabels: Labels.EMPTY, alerts: [], externalUrl: '' });
    expect(
      await set.execute('{{ .Status }} {{ .CommonLabels }} {{ len .Alerts }}', empty, { nowMs: 0 }),
    ).toBe('resolved  0');
  });

  test('labels with the names of methods are reached by index, as in Go', async () => {
    const odd = notificationData({
      receiver: 'r',
      groupLabels: new Map([
        ['Names', 'n'],
        ['__proto__', 'p'],
      ]),
      alerts: [],
      externalUrl: '',
    });
    expect(
      await set.execute(
        '{{ .GroupLabels.Names }} {{ index .GroupLabels "Names" }} {{ .GroupLabels.__proto__ }}',
        odd,
        { nowMs: 0 },
      ),
    ).toBe('[Names __proto__] n p');
  });
});

describe('functions', () => {
  test.each([
    [
      `{{ title "fOO bar don't" }} {{ toUpper "a" }} {{ toLower "A" }} {{ trimSpace "  x\\n" }}|`,
      `Foo Bar Don't A a x|`,
    ],
    ['{{ join ", " (stringSlice "a" "b") }} {{ stringSlice }}', 'a, b []'],
    [
      '{{ join "," (list 1 2) }}',
      'template_failed: wrong type for value; expected []string; got []interface {}',
    ],
    ['{{ match "^team-.*" "team-x" }} {{ reReplaceAll "(.*):.*" "$1" "host:90" }}', 'true host'],
    ['{{ urlUnescape "a%20b+c%C3%A9" }}', 'a b cé'],
    ['{{ urlUnescape "%zz" }}', 'template_failed: error calling urlUnescape: invalid URL escape "%zz"'],
    ['{{ $l := list 1 "a" }}{{ $l = append $l 2.5 }}{{ $l }} {{ len $l }}', '[1 a 2.5] 3'],
    ['{{ $d := dict "a" 1 "b" (list) }}{{ $d.a }} {{ $d }}', '1 map[a:1 b:[]]'],
    ['{{ dict "a" }}', 'template_failed: error calling dict: dict takes pairs of key and value'],
    ['{{ dict 1 2 }}', 'template_failed: error calling dict: dict keys must be strings'],
    [
      '{{ toJson .GroupLabels }} {{ toJson (list 1 1.5 "<&>" true nil) }}',
      '{"alertname":"HighErrors","service":"api"} [1,1.5,"\\u003c\\u0026\\u003e",true,null]',
    ],
    [
      '{{ humanizeDuration 3661 }} {{ humanizeDuration "90" }} {{ since (index .Alerts 0).StartsAt | humanizeDuration }}',
      '1h 1m 1s 1m 30s 1m 30s',
    ],
    ['{{ since (index .Alerts 0).StartsAt }}', '1m30.5s'],
    [
      '{{ escapeSlack "<!channel> & co" }} {{ escapeMarkdown "*a*_b_[c]" }}',
      '&lt;!channel&gt; &amp; co \\*a\\*\\_b\\_\\[c\\]',
    ],
  ])('%j', async (text, expected) => {
    expect(await result(text)).toBe(expected);
  });

  test('toJson writes an alert with the names of the webhook', async () => {
    const json = JSON.parse(await result('{{ toJson (index .Alerts 2) }}')) as Record<string, unknown>;
    expect(json).toEqual({
      status: 'resolved',
      labels: { alertname: 'HighErrors', service: 'api', instance: 'i3', severity: 'critical' },
      annotations: { summary: 'Too many errors', runbook_url: 'https://docs.example/r?a=1&b=2' },
      startsAt: '2026-11-20T09:05:07.25Z',
      endsAt: '2026-11-20T09:15:07.25Z',
      generatorURL: 'https://bellwether.example/graph?expr=up',
      fingerprint: 'print-i3',
    });
  });
});

describe('times', () => {
  // https://pkg.go.dev/time#pkg-constants
  test.each([
    ['2006-01-02T15:04:05Z07:00', '2026-11-20T09:05:07Z'],
    ['Mon Jan _2 15:04:05 MST 2006', 'Fri Nov 20 09:05:07 UTC 2026'],
    ['Monday, 02-Jan-06 3:04PM', 'Friday, 20-Nov-26 9:05AM'],
    ['02.01.2006 15:04:05.000 -0700', '20.11.2026 09:05:07.250 +0000'],
    ['05.999 05,00 002 __2 pm 1/2 January Month', '07.25 07,25 324 324 am 11/20 November Month'],
  ])('layout %j', async (layout, expected) => {
    expect(await result(`{{ (index .Alerts 0).StartsAt.Format "${layout}" }}`)).toBe(expected);
    expect(await result(`{{ date "${layout}" (index .Alerts 0).StartsAt }}`)).toBe(expected);
  });

  test.each([
    ['.Unix', '1795165507'],
    ['.UnixMilli', '1795165507250'],
    ['.Year', '2026'],
    ['.Month', 'November'],
    ['.Weekday', 'Friday'],
    ['.YearDay', '324'],
    ['.UTC.Hour', '9'],
    ['.AddDate 0 1 15', '2027-01-04 09:05:07.25 +0000 UTC'],
  ])('time%s', async (call, expected) => {
    expect(await result(`{{ (index .Alerts 0).StartsAt${call} }}`)).toBe(expected);
  });

  test('zones', async () => {
    const inZone = (zone: string) =>
      result(`{{ (index .Alerts 0).StartsAt | tz "${zone}" | date "15:04 -07:00 MST" }}`);
    expect(await inZone('Europe/Paris')).toBe('10:05 +01:00 CET');
    expect(await inZone('America/New_York')).toBe('04:05 -05:00 EST');
    expect(await inZone('America/Sao_Paulo')).toBe('06:05 -03:00 -03');
    expect(await inZone('Asia/Kolkata')).toBe('14:35 +05:30 IST');
    expect(await inZone('UTC')).toBe('09:05 +00:00 UTC');
    expect(await inZone('Nowhere/Else')).toBe(
      'template_failed: error calling tz: unknown time zone Nowhere/Else',
    );
  });

  test('differences', async () => {
    const last = '(index .Alerts 2)';
    expect(await result(`{{ ${last}.EndsAt.Sub ${last}.StartsAt }}`)).toBe('10m0s');
    expect(await result(`{{ (${last}.EndsAt.Sub ${last}.StartsAt).Seconds }}`)).toBe('600');
    expect(
      await result(
        `{{ ${last}.EndsAt.After ${last}.StartsAt }} {{ ${last}.EndsAt.Before ${last}.StartsAt }}`,
      ),
    ).toBe('true false');
  });
});

describe('default templates', () => {
  const needsAlerts =
    /^__(text_alert_list|text_alert_list_markdown|slack_alerts)$|^pagerduty\.default\.instances$/;
  const needsAlert = /^__(slack_alert|text_alert|email_alert)$/;
  const other = /^default\/|^__(email_pairs|markdown_link)$/;
  const dotFor = (name: string) =>
    needsAlerts.test(name) ? '.Alerts' : needsAlert.test(name) ? '(index .Alerts 0)' : '.';

  test.each(set.names.filter((name) => !other.test(name)))('%s works in text and HTML', async (name) => {
    for (const isHtml of [false, true]) {
      const text = await result(`{{ template "${name}" ${dotFor(name)} }}`, { isHtml });
      expect(text).not.toMatch(/template_failed|<no value>|error expanding|ZgotmplZ/);
    }
  });

  test('the names a configuration for Alertmanager refers to are all there', () => {
    const names =
      `__subject __description __alertmanager __alertmanagerURL __text_alert_list __text_alert_list_markdown
      slack.default.title slack.default.username slack.default.fallback slack.default.callbackid slack.default.pretext
      slack.default.titlelink slack.default.iconemoji slack.default.iconurl slack.default.text slack.default.footer
      pagerduty.default.description pagerduty.default.client pagerduty.default.clientURL pagerduty.default.instances
      opsgenie.default.message opsgenie.default.description opsgenie.default.source
      victorops.default.state_message victorops.default.entity_display_name victorops.default.monitoring_tool
      email.default.subject email.default.html pushover.default.title pushover.default.message pushover.default.url
      sns.default.subject sns.default.message telegram.default.message discord.default.content discord.default.title
      discord.default.message webex.default.message msteams.default.summary msteams.default.title msteams.default.text
      msteamsv2.default.title msteamsv2.default.text jira.default.summary jira.default.description jira.default.priority
      rocketchat.default.title rocketchat.default.alias rocketchat.default.titlelink rocketchat.default.emoji
      rocketchat.default.iconurl rocketchat.default.text wechat.default.message wechat.default.to_user
      wechat.default.to_party wechat.default.to_tag wechat.default.agent_id`.split(/\s+/);
    expect(names.filter((name) => !set.names.includes(name))).toEqual([]);
  });

  test('the subject says state, number, group and what else is common', async () => {
    expect(await result('{{ template "__subject" . }}')).toBe('[FIRING:2] HighErrors api (critical)');
  });

  test('a flood of alerts is shown in part, and the text says so', async () => {
    const flood = notificationData({
      receiver: 'r',
      groupLabels: Labels.EMPTY,
      alerts: Array.from({ length: 10_000 }, (_, i) => alert(`instance-${i}`, 'firing')),
      externalUrl: '',
    });
    for (const name of [
      'opsgenie.default.description',
      'slack.default.text',
      'msteams.default.text',
      'email.default.html',
    ]) {
      const { text, error } = await set.renderOrExplain(`{{ template "${name}" . }}`, flood, {
        nowMs: 0,
        isHtml: name.endsWith('html'),
      });
      expect(error).toBeUndefined();
      expect(text).toContain('The first 50 of 10000 are shown.');
      expect(text).toContain('instance-49');
      expect(text).not.toContain('instance-50');
    }
  });

  test('the priority follows the worst severity', async () => {
    expect(await result('{{ template "jira.default.priority" . }}')).toBe('High');
  });

  test('hostile labels stay text', async () => {
    const evil = '</td><script>alert(1)</script>';
    const hostile = notificationData({
      receiver: 'r',
      groupLabels: Labels.fromObject({ evil }),
      alerts: [
        {
          ...alert('<!channel>', 'firing', { evil }),
          annotations: Labels.fromObject({
            summary: '*x* [a](http://b)',
            runbook_url: 'javascript:alert(1)',
          }),
          generatorUrl: 'https://a/) [x](javascript:alert(2)',
        },
      ],
      externalUrl: '',
    });
    const render = (name: string, isHtml: boolean) =>
      set.execute(`{{ template "${name}" . }}`, hostile, { nowMs: 0, isHtml });
    const email = await render('email.default.html', true);
    expect(email).not.toMatch(/<script|href="javascript/);
    expect(email).toContain('&lt;script&gt;');
    expect(await render('slack.default.text', false)).not.toContain('<!channel>');
    expect(await render('msteams.default.text', false)).not.toMatch(/[^\\]\]\(javascript|[^\\]\[a/);
  });
});

import { describe, expect, test, vi } from 'vitest';
import { Labels } from '../model/labels.ts';
import { ruleAlertData } from './data.ts';
import { PROMETHEUS_FUNCTIONS } from './functions/prometheus.ts';
import { compileTemplates, type TemplateQuery } from './template-set.ts';

/**
 * https://prometheus.io/docs/prometheus/latest/configuration/template_reference/ and, for what it leaves open, what Prometheus 2.42
 * made of the same texts as annotations.
 */
const set = compileTemplates([], { functions: PROMETHEUS_FUNCTIONS });
const { data, variables } = ruleAlertData({
  labels: Labels.fromObject({ job: 'api', instance: 'host.example:9100', weird: '<a href="x">&' }),
  externalLabels: Labels.fromObject({ cluster: 'eu' }),
  externalUrl: 'https://bellwether.example/base',
  value: 1.5,
});
const n = [
  { labels: Labels.fromObject({ __name__: 'n', i: 'b' }), value: 2 },
  { labels: Labels.fromObject({ __name__: 'n', i: 'a' }), value: 3 },
];
const query: TemplateQuery = async (text) => {
  if (text === 'broken') throw new Error('parse error');
  return text === 'n' ? n : [];
};

async function result(text: string, options: { query?: TemplateQuery } = { query }): Promise<string> {
  const { text: out, error } = await set.renderOrExplain(text, data, {
    nowMs: 1_700_000_000_500,
    externalUrl: 'https://bellwether.example/base',
    variables,
    ...options,
  });
  return error === undefined ? out : `${error.code}: ${error.reason}`;
}

describe('data', () => {
  test.each([
    ['{{ $labels.job }} {{ .Labels.job }} {{ $value }} {{ .Value }} {{ $.Value }}', 'api api 1.5 1.5 1.5'],
    [
      '{{ $externalLabels.cluster }} {{ .ExternalLabels.cluster }} {{ $externalURL }}',
      'eu eu https://bellwether.example/base',
    ],
    ['{{ $labels }}', 'map[instance:host.example:9100 job:api weird:<a href="x">&]'],
    ['{{ $labels.missing }}|', '|'],
    ['{{ if gt $value 1.0 }}high{{ end }}', 'high'],
    ['{{ range $k, $v := $labels }}{{ $k }},{{ end }}', 'instance,job,weird,'],
    ['{{ $value | printf "%.2f" }} {{ $value | humanizePercentage }}', '1.50 150%'],
    ['{{ gt $value 1 }}', 'template_failed: error calling gt: incompatible types for comparison'],
    ['{{ $value | toUpper }}', 'template_failed: wrong type for value; expected string; got float64'],
  ])('%j', async (text, expected) => {
    expect(await result(text)).toBe(expected);
  });
});

describe('queries', () => {
  test.each([
    ['{{ query "n" | first | value }}', '2'],
    ['{{ query "n" | first | label "i" }}', 'b'],
    ['{{ (query "n" | first).Value }} {{ (index (query "n") 1).Labels.i }}', '2 a'],
    ['{{ range query "n" | sortByLabel "i" }}{{ .Labels.i }}={{ .Value }};{{ end }}', 'a=3;b=2;'],
    ['{{ with query "none" }}x{{ else }}nothing{{ end }}', 'nothing'],
    [
      '{{ query "none" | first | value }}',
      'template_failed: error calling first: first() called on vector with no elements',
    ],
    ['{{ query "broken" }}', 'template_failed: error calling query: parse error'],
    ['{{ query (printf "%s" $labels.job) | len }}', '0'],
    ['{{ first 1 }}', 'template_failed: wrong type for value; expected template.queryResult; got int'],
  ])('%j', async (text, expected) => {
    expect(await result(text)).toBe(expected);
  });

  test('a query is asked once per text, however often it is used', async () => {
    const asked = vi.fn(query);
    expect(
      await result('{{ range query "n" }}{{ query "n" | len }}{{ query .Labels.i | len }}{{ end }}', {
        query: asked,
      }),
    ).toBe('2020');
    expect(asked.mock.calls.map(([text]) => text)).toEqual(['n', 'b', 'a']);
  });

  test('without a source there is a visible error', async () => {
    expect(await result('{{ query "n" }}', {})).toBe(
      'template_failed: error calling query: there is nothing to query here',
    );
  });
});

describe('numbers and times', () => {
  test.each([
    [
      '{{ humanize 0.0 }} {{ humanize 1.0 }} {{ humanize 1234567.0 }} {{ humanize .12 }} {{ humanize -1234.5 }}',
      '0 1 1.235M 120m -1.234k',
    ],
    [
      '{{ humanize 999.99 }} {{ humanize 1e30 }} {{ humanize "12345" }} {{ humanize 1 }}',
      '1000 1e+06Y 12.35k 1',
    ],
    [
      '{{ humanize1024 0.0 }} {{ humanize1024 1048576.0 }} {{ humanize1024 .12 }} {{ humanize1024 1500.0 }}',
      '0 1Mi 0.12 1.465ki',
    ],
    [
      '{{ humanizeDuration 0.0 }} {{ humanizeDuration 60.0 }} {{ humanizeDuration 86461.0 }} {{ humanizeDuration -86461.0 }}',
      '0s 1m 0s 1d 0h 1m 1s -1d 0h 1m 1s',
    ],
    [
      '{{ humanizeDuration 899.99 }} {{ humanizeDuration .1 }} {{ humanizeDuration .0001 }} {{ humanizeDuration 12.3456 }}',
      '14m 59s 100ms 100us 12.35s',
    ],
    ['{{ humanizePercentage 0.1234567 }} {{ humanizePercentage "0.5" }}', '12.35% 50%'],
    [
      '{{ humanizeTimestamp 1435065584.128 }} {{ humanizeTimestamp -1.5 }}',
      '2015-06-23 13:19:44.128 +0000 UTC 1969-12-31 23:59:58.5 +0000 UTC',
    ],
    ['{{ "inf" | humanize }} {{ "NaN" | humanize }} {{ "nan" | humanizeTimestamp }}', '+Inf NaN NaN'],
    [
      '{{ humanize "x" }}',
      'template_failed: error calling humanize: strconv.ParseFloat: parsing "x": invalid syntax',
    ],
    ['{{ humanize true }}', "template_failed: error calling humanize: can't convert bool to float"],
    [
      '{{ humanizeTimestamp 1e30 }}',
      'template_failed: error calling humanizeTimestamp: 1e+30 cannot be represented as a nanoseconds timestamp since it overflows int64',
    ],
    [
      '{{ toTime 1435065584.128 }} {{ (toTime 1435065584.128).Year }}',
      '2015-06-23 13:19:44.128 +0000 UTC 2015',
    ],
    [
      '{{ toDuration 3661.5 }} {{ (toDuration 90.0).Minutes }} {{ humanizeDuration (toDuration 90.0) }}',
      '1h1m1.5s 1.5 1m 30s',
    ],
    ['{{ now }} {{ (toTime now).Format "15:04:05.0" }}', '1.7000000005e+09 22:13:20.5'],
    ['{{ parseDuration "1d12h" }} {{ parseDuration "0" }} {{ parseDurationTime "90m" }}', '129600 0 1h30m0s'],
    [
      '{{ parseDuration "x" }}',
      'template_failed: error calling parseDuration: not a valid duration string: "x"',
    ],
  ])('%j', async (text, expected) => {
    expect(await result(text)).toBe(expected);
  });
});

describe('texts', () => {
  test.each([
    [`{{ title "aa bb CC d'ee ff_gg 1x é-x" }}`, `Aa Bb CC D'Ee Ff_gg 1x É-X`],
    ['{{ toUpper "aé x" }} {{ toLower "AÉ X" }}', 'AÉ X aé x'],
    ['{{ match "a+" "caab" }} {{ match "^a+$" "caab" }} {{ match "a.c" "a\\nc" }}', 'true false false'],
    ['{{ reReplaceAll "localhost:(.*)" "my.domain:$1" "localhost:3000" }}', 'my.domain:3000'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Go's notation of a group
    ['{{ reReplaceAll "x*" "-" "abc" }} {{ reReplaceAll "(?P<n>b)" "[${n}]$$" "abc" }}', '-a-b-c- a[b]$c'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Go's notation of a group
    ['{{ reReplaceAll "a(b)?" "<$1x|${1}x|$2|$0>" "ab a" }}', '<|bx||ab> <|x||a>'],
    ['{{ graphLink "up{a=\\"b\\"}" }}', '/graph?g0.expr=up%7Ba%3D%22b%22%7D&g0.tab=0'],
    ['{{ tableLink "rate(x[5m])" }}', '/graph?g0.expr=rate%28x%5B5m%5D%29&g0.tab=1'],
    ['{{ urlQueryEscape "a b&c" }}', 'a+b%26c'],
    [
      '{{ stripPort "localhost:8080" }} {{ stripPort "localhost" }} {{ stripPort "[::1]:80" }} {{ stripPort "::1" }}',
      'localhost localhost ::1 ::1',
    ],
    [
      '{{ stripDomain "a.b:9100" }} {{ stripDomain "1.2.3.4:80" }} {{ stripDomain "[2001:db8::1]:80" }} {{ stripDomain "a.b.c" }}',
      'a:9100 1.2.3.4:80 [2001:db8::1]:80 a',
    ],
    ['{{ externalURL }} {{ pathPrefix }}', 'https://bellwether.example/base /base'],
    ['{{ safeHtml "<b>" }}', '<b>'],
    ['{{ args 1 "a" }} {{ (args "x").arg0 }}', 'map[arg0:1 arg1:a] x'],
    ['{{ define "t" }}<{{ . }}>{{ end }}{{ tmpl "t" 1 }}', '<1>'],
    ['{{ tmpl "missing" 1 }}', 'template_failed: error calling tmpl: template "missing" not defined'],
    ['{{ strvalue (query "n" | first) }}|', '|'],
  ])('%j', async (text, expected) => {
    expect(await result(text)).toBe(expected);
  });

  test('a wrong regular expression is a visible error', async () => {
    expect(await result('{{ reReplaceAll "(" "" "x" }}')).toMatch(
      /^template_failed: error calling reReplaceAll: .*missing closing \)/,
    );
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUILTINS } from './builtins.ts';
import { notificationData, toValue } from './data.ts';
import { DEFAULT_TEMPLATES } from './default-templates.ts';
import { TemplateError } from './errors.ts';
import { ALERTMANAGER_FUNCTIONS } from './functions/alertmanager.ts';
import { PROMETHEUS_FUNCTIONS } from './functions/prometheus.ts';
import { compileTemplates } from './template-set.ts';
import type { ParamKind, Signature } from './values.ts';

const functions = new Map([...PROMETHEUS_FUNCTIONS, ...ALERTMANAGER_FUNCTIONS]);
const set = compileTemplates(
  [...DEFAULT_TEMPLATES, { name: 't', text: '{{ define "t" }}{{ . }}{{ end }}' }],
  {
    functions,
    limits: { maxSteps: 5000, maxOutputLength: 5000 },
  },
);
const data = notificationData({
  receiver: 'r',
  groupLabels: new Map([['a', 'b']]),
  alerts: [
    {
      status: 'firing',
      labels: new Map([
        ['alertname', 'A'],
        ['__proto__', 'p'],
        ['x', `<b>"'`],
      ]),
      annotations: new Map(),
      startsAtMs: 1e12,
      endsAtMs: undefined,
      generatorUrl: 'u',
      fingerprint: 'f',
    },
  ],
  externalUrl: 'http://x',
});
const variables = new Map([
  ['labels', toValue({ a: 'b' })],
  ['value', 1.5],
  ['x', 1n],
]);
const query = async () => [{ labels: new Map([['a', 'b']]), value: 1 }];

/** Something of the kind a function wants, so that most calls get past the check of their arguments. */
const BY_KIND: Readonly<Record<ParamKind, readonly string[]>> = {
  any: [
    '.',
    '1',
    '-1',
    '0',
    '1.5',
    '1e300',
    'nil',
    'true',
    '$labels',
    '$value',
    '.Alerts',
    '.CommonLabels',
    '$x',
    "'a'",
    '(index .Alerts 0)',
    '.constructor',
  ],
  string: [
    '"a"',
    '""',
    '"%d %s %v %5.2f %x %q %[1]d %*d"',
    '"(a|b)*"',
    '"["',
    '"1h"',
    '"Europe/Paris"',
    '"2006-01-02 MST"',
    '.Status',
    '"__proto__"',
    '"\\u00e9\\U0001F600"',
    '"1e400"',
  ],
  strings: ['.GroupLabels.Names', '(stringSlice "a" "b")', '(stringSlice)'],
  float: ['1.5', '1e300', '-0.0', '$value'],
  int: ['1', '-1', '9223372036854775807', '$x'],
  bool: ['true', 'false'],
  list: ['.Alerts', '.CommonLabels.SortedPairs', '(list 1 "a" (list))', '(query "n")'],
  duration: ['(toDuration 99.5)', '1000', '(parseDurationTime "1h")'],
  time: ['(toTime 1.5)', '(index .Alerts 0).EndsAt', '(toTime 9e9)', '(tz "Europe/Paris" (toTime 1e9))'],
  sample: ['(query "n" | first)'],
  samples: ['(query "n")', '(query "n" | sortByLabel "a")'],
};
const SUFFIXES = ['', '', '', '.Value', '.Unix', '.Labels.a', '.Seconds', '.AddDate 1 1 1', '.Names', '.Foo'];

const signatures: [string, Signature][] = [...BUILTINS, ...functions];
const all = Object.values(BY_KIND).flat();
const operand = (kind: ParamKind) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...BY_KIND[kind]) },
    { weight: 1, arbitrary: fc.constantFrom(...all) },
  );
const call = fc.constantFrom(...signatures).chain(([name, { params, rest }]) => {
  const more = rest === undefined ? fc.constant([]) : fc.array(operand(rest), { maxLength: 3 });
  return fc
    .tuple(fc.tuple(...params.map(operand)), more, fc.constantFrom(...SUFFIXES))
    .map(([args, others, suffix]) => `(${[name, ...args, ...others].join(' ')})${suffix}`);
});
const pipe = fc
  .tuple(
    fc.oneof(call, fc.constantFrom(...all)),
    fc.array(fc.constantFrom(...signatures.map(([name]) => name)), { maxLength: 2 }),
  )
  .map(([first, next]) => [first, ...next].join(' | '));
const HTML = [
  '<a href="',
  "<p title='",
  '">',
  '<script>',
  '</script>',
  '<!-- ',
  ' -->',
  '<',
  '<x y=',
  ' >',
  '<style>',
  'text',
];
const SCRAPS = [
  '{{',
  '}}',
  '"',
  '(',
  ')',
  '|',
  '.',
  '-',
  '`',
  '\0',
  '😀',
  '\ud800',
  ':=',
  '{{/*',
  '*/}}',
  '{{ end }}',
  '{{ else }}',
  '$',
  '{{ break }}',
];

const { node } = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    pipe.map((text) => `{{ ${text} }}`),
    fc.constantFrom(...HTML),
    fc.tuple(pipe, tie('node'), tie('node')).map(([p, a, b]) => `{{ if ${p} }}${a}{{ else }}${b}{{ end }}`),
    fc.tuple(pipe, tie('node')).map(([p, a]) => `{{ range $i, $x := ${p} }}${a}{{ continue }}{{ end }}`),
    fc.tuple(pipe, tie('node')).map(([p, a]) => `{{ with $x := ${p} }}${a}{{ end }}`),
    fc.tuple(pipe, tie('node')).map(([p, a]) => `{{ $x := ${p} }}${a}`),
    pipe.map((p) => `{{ template "t" ${p} }}`),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => a + b),
  ),
}));
const damaged = fc
  .tuple(node, fc.nat(), fc.constantFrom(...SCRAPS), fc.nat({ max: 2 }))
  .map(
    ([text, at, scrap, cut]) =>
      text.slice(0, at % (text.length + 1)) + scrap + text.slice((at % (text.length + 1)) + cut),
  );

test('any template gives a text or a TemplateError, nothing else', async () => {
  let finished = 0;
  const property = fc.asyncProperty(
    fc.oneof(node, damaged, fc.string({ unit: 'binary' })),
    fc.boolean(),
    async (text, isHtml) => {
      try {
        const out = await set.execute(text, data, { nowMs: 1e12, variables, isHtml, query });
        finished++;
        expect(out.length).toBeLessThanOrEqual(5000);
      } catch (error) {
        expect(error).toBeInstanceOf(TemplateError);
      }
    },
  );
  await fc.assert(property, { numRuns: 2000 });
  // A generator whose templates all fail would test nothing.
  expect(finished).toBeGreaterThan(200);
});

test('no value leaves its place in HTML', async () => {
  const page = compileTemplates([], { functions });
  const places = [
    '<p>{{ . }}</p>',
    '<p title="{{ . }}">',
    "<p title='{{ . }}'>",
    '<p title={{ . }} id=1>',
    '<a href="{{ . }}">',
    '<a href="/x?{{ . }}">',
    '<p style="a:{{ . }}">',
  ];
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom(...`<>"'&=\`/ \n:;%\\!-`),
      fc.constantFrom('javascript:', '</p>', 'x', '1', 'é'),
    ),
  });
  const property = fc.asyncProperty(text, fc.constantFrom(...places), async (value, place) => {
    const [before, after] = place.split('{{ . }}') as [string, string];
    const out = await page.execute(place, value, { nowMs: 0, isHtml: true });
    expect(out.startsWith(before) && out.endsWith(after)).toBe(true);
    const written = out.slice(before.length, out.length - after.length);
    expect(written).not.toMatch(/[<>"'\0]/);
    if (place.includes('={{')) expect(written).toMatch(/^[^\s=`]+$/);
    if (place === places[4])
      expect([...written].filter((character) => character > ' ').join('')).not.toMatch(/^javascript:/i);
  });
  await fc.assert(property, { numRuns: 1000 });
});

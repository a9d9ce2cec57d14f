import { describe, expect, test } from 'vitest';
import { toValue } from './data.ts';
import { ALERTMANAGER_FUNCTIONS } from './functions/alertmanager.ts';
import { PROMETHEUS_FUNCTIONS } from './functions/prometheus.ts';
import type { TemplateLimits } from './run.ts';
import { compileTemplates, type ExecuteOptions } from './template-set.ts';

const functions = new Map([...PROMETHEUS_FUNCTIONS, ...ALERTMANAGER_FUNCTIONS]);
const limits: Partial<TemplateLimits> = { maxSteps: 20_000, maxOutputLength: 10_000, maxQueries: 3 };
const library = [
  {
    name: 'library',
    text: `{{ define "again" }}{{ template "again" . }}{{ end }}{{ define "byName" }}{{ tmpl "byName" . }}{{ end }}${Array.from(
      { length: 40 },
      (_, i) => `{{ define "e${i}" }}{{ template "e${i + 1}" . }}{{ template "e${i + 1}" . }}{{ end }}`,
    ).join('')}{{ define "e40" }}{{ end }}`,
  },
];

async function failure(
  text: string,
  more: Partial<ExecuteOptions> & { limits?: Partial<TemplateLimits> } = {},
) {
  // A clock that stands still: only the bounds on work can end an execution.
  const set = compileTemplates(library, {
    functions,
    limits: { ...limits, ...more.limits },
    clockMs: () => 0,
  });
  const { text: out, error } = await set.renderOrExplain(text, toValue({ a: 'b' }), { nowMs: 0, ...more });
  expect(out.length).toBeLessThan(2000);
  return error === undefined ? out : `${error.code}: ${error.reason}`;
}

const long = 'x'.repeat(5000);

describe('an execution ends at its bounds', () => {
  test.each([
    ['recursion', '{{ template "again" . }}', 'more than 100 templates and actions inside each other'],
    ['recursion by name', '{{ tmpl "byName" . }}', 'more than 100 templates and actions inside each other'],
    ['exponential calls', '{{ template "e0" . }}', 'it takes more than 20000 steps'],
    ['a long range', '{{ range 1000000000000 }}{{ end }}', 'it takes more than 20000 steps'],
    [
      'ranges inside each other',
      '{{ range 1000 }}{{ range 1000 }}{{ end }}{{ end }}',
      'it takes more than 20000 steps',
    ],
    [
      'a text that doubles',
      '{{ $x := "ab" }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}',
      'it is longer than 10000 characters',
    ],
    [
      'a list that doubles',
      '{{ $x := list 1 2 }}{{ range 90 }}{{ $x = list $x $x }}{{ end }}{{ $x }}',
      'it is longer than 10000 characters',
    ],
    [
      'JSON of it',
      '{{ $x := list 1 2 }}{{ range 90 }}{{ $x = list $x $x }}{{ end }}{{ toJson $x }}',
      'it is longer than 10000 characters',
    ],
    ['output', `{{ range 100 }}${long}{{ end }}`, 'it is longer than 10000 characters'],
    ['a width', '{{ printf "%1000000d" 1 }}', 'it is longer than 10000 characters'],
    ['a precision', '{{ printf "%.1000000f" 1.5 }}', 'it is longer than 10000 characters'],
    [
      'an argument used often',
      `{{ printf "%[1]s%[1]s%[1]s" "${long}" }}`,
      'it is longer than 10000 characters',
    ],
    ['join', `{{ join "${long}" (stringSlice "a" "b" "c" "d") }}`, 'it is longer than 10000 characters'],
    [
      'a replacement everywhere',
      `{{ reReplaceAll "" "${long}" "${long}" }}`,
      'it is longer than 10000 characters',
    ],
    [
      'a growing list',
      '{{ $l := list }}{{ range 100000 }}{{ $l = append $l 1 }}{{ end }}',
      'it takes more than 20000 steps',
    ],
    [
      'a large regular expression',
      `{{ match "((x{30}){30}y?)+" "${long}" }}`,
      'the regular expression is too large for the text it searches',
    ],
  ])('%s', async (_name, text, reason) => {
    expect(await failure(text, { limits: { maxRegexWork: 10_000_000 } })).toBe(`template_limit: ${reason}`);
  });

  test.each([
    [
      'parentheses',
      `{{ ${'('.repeat(20_000)}1${')'.repeat(20_000)} }}`,
      'more than 100 parentheses inside each other',
    ],
    [
      'structures',
      `${'{{ if 1 }}'.repeat(20_000)}${'{{ end }}'.repeat(20_000)}`,
      'more than 100 actions inside each other',
    ],
    [
      'alternatives',
      `{{ if 0 }}${'{{ else if 0 }}'.repeat(20_000)}{{ end }}`,
      'more than 100 actions inside each other',
    ],
  ])('deep %s cannot be read', async (_name, text, reason) => {
    expect(await failure(text)).toBe(`bad_template: ${reason}`);
  });

  test('a source that is too long', async () => {
    expect(await failure(`{{ 1 }}${long}`, { limits: { maxSourceLength: 5000 } })).toBe(
      'bad_template: the template "text" is longer than 5000 characters',
    );
  });

  test('deeply nested data', () => {
    let nested: unknown = 1;
    for (let i = 0; i < 1000; i++) nested = [nested];
    expect(() => toValue(nested)).toThrow('nested too deeply');
  });

  test('a printed value has a bounded depth', async () => {
    const text = await failure('{{ $x := list 1 }}{{ range 500 }}{{ $x = list $x }}{{ end }}{{ $x }}');
    expect(text).toMatch(/^\[{100}\.\.\.\]{100}$/);
  });
});

describe('time', () => {
  test('of evaluation', async () => {
    let nowMs = 0;
    const set = compileTemplates([], { functions, limits: { busyTimeoutMs: 50 }, clockMs: () => nowMs++ });
    const { error } = await set.renderOrExplain('{{ range 1000000 }}{{ end }}', undefined, { nowMs: 0 });
    expect(error).toMatchObject({ code: 'template_limit', reason: 'it takes longer than 50 ms to evaluate' });
  });

  test('of a query that hangs: it is told to stop, and the text says so', async () => {
    let nowMs = 0;
    let signal: AbortSignal | undefined;
    const set = compileTemplates([], {
      functions,
      clockMs: () => nowMs,
      startTimer: (delayMs, onTime) => {
        queueMicrotask(() => {
          nowMs += delayMs;
          onTime();
        });
        return () => {};
      },
    });
    const query = (_text: string, given: AbortSignal) => {
      signal = given;
      return new Promise<never>(() => {});
    };
    const { text, error } = await set.renderOrExplain('{{ query "up" | len }}', undefined, {
      nowMs: 0,
      query,
    });
    expect(error).toMatchObject({ code: 'template_limit', reason: 'it takes longer than 10000 ms' });
    expect(text).toContain('it takes longer than 10000 ms');
    expect(signal?.aborted).toBe(true);
  });

  test('waiting is not counted as evaluation', async () => {
    let nowMs = 0;
    const set = compileTemplates([], { functions, limits: { busyTimeoutMs: 50 }, clockMs: () => nowMs });
    const query = async () => {
      nowMs += 5000;
      return [];
    };
    expect(
      await set.execute('{{ query "up" | len }}{{ range 1000 }}{{ end }}', undefined, { nowMs: 0, query }),
    ).toBe('0');
  });

  test('the number of queries is bounded', async () => {
    const query = async () => [];
    expect(await failure('{{ range 5 }}{{ query (print .) | len }}{{ end }}', { query })).toBe(
      'template_limit: more than 3 queries',
    );
  });
});

test('whatever a function throws becomes visible text', async () => {
  const broken = new Map([
    [
      'boom',
      {
        params: [],
        call: () => {
          throw new TypeError('bug');
        },
      },
    ],
  ]);
  const set = compileTemplates([], { functions: broken });
  const { text, error } = await set.renderOrExplain('{{ boom }}', undefined, { nowMs: 0 });
  expect(text).toBe('<error expanding template: unexpected: bug>');
  expect(error?.cause).toBeInstanceOf(TypeError);
});

test('a long error is cut', async () => {
  const { text } = await compileTemplates([], { functions }).renderOrExplain(
    `{{ .${'a'.repeat(50_000)}.b }}`,
    'text',
    { nowMs: 0 },
  );
  expect(text.length).toBeLessThan(700);
});

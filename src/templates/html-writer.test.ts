import { describe, expect, test } from 'vitest';
import { toValue } from './data.ts';
import { ALERTMANAGER_FUNCTIONS } from './functions/alertmanager.ts';
import { compileTemplates } from './template-set.ts';

const set = compileTemplates([], { functions: ALERTMANAGER_FUNCTIONS });
const data = toValue({
  plain: 'x',
  evil: `<b a="1" c='2'>&`,
  js: 'javascript:alert(1)',
  spaced: ' java\nscript:alert(1)',
  url: 'https://a.example/p?q=1&r=2',
  relative: '/alerts?x=1',
  empty: '',
  half: 'java',
  rest: 'script:alert(1)',
});

const html = (text: string) => set.execute(text, data, { nowMs: 0, isHtml: true });
const escaped = '&lt;b a=&#34;1&#34; c=&#39;2&#39;&gt;&amp;';

describe('HTML mode', () => {
  test.each([
    ['<p>{{ .evil }}</p>', `<p>${escaped}</p>`],
    ['<p>{{ .evil | safeHtml }}</p>', `<p><b a="1" c='2'>&</p>`],
    ['<p>{{ .evil | html }}</p>', `<p>${escaped}</p>`],
    ['a < b {{ .evil }}', `a < b ${escaped}`],
    ['<p title="{{ .evil }}">{{ .plain }}</p>', `<p title="${escaped}">x</p>`],
    [`<p title='{{ .evil }}'>`, `<p title='${escaped}'>`],
    ['<p title="{{ .evil | safeHtml }}">', `<p title="${escaped}">`],
    ['<p title={{ .evil }}>', '<p title=&lt;b&#32;a&#61;&#34;1&#34;&#32;c&#61;&#39;2&#39;&gt;&amp;>'],
    ['<p title={{ .empty }} id=a>', '<p title=ZgotmplZ id=a>'],
    ['{{ if .plain }}<p title="{{ end }}{{ .evil }}">', `<p title="${escaped}">`],
    ['{{ define "t" }}"{{ . }}"{{ end }}<p title={{ template "t" .evil }}>', `<p title="${escaped}">`],
  ])('text and attributes: %s', async (text, expected) => {
    expect(await html(text)).toBe(expected);
  });

  test.each([
    ['<a href="{{ .url }}">', '<a href="https://a.example/p?q=1&amp;r=2">'],
    ['<a href="{{ .relative }}">', '<a href="/alerts?x=1">'],
    ['<a href="{{ .js }}">', '<a href="ZgotmplZ">'],
    ['<a href="{{ .spaced }}">', '<a href="ZgotmplZ">'],
    ['<a href={{ .js }}>', '<a href=ZgotmplZ>'],
    ['<a HREF="{{ .js }}">', '<a HREF="ZgotmplZ">'],
    ['<form action="{{ .js }}">', '<form action="ZgotmplZ">'],
    ['<a href="{{ .half }}{{ .rest }}">', '<a href="javaZgotmplZ">'],
    ['<a href="{{ .js | safeUrl }}">', '<a href="javascript:alert%281%29">'],
    ['<a href="{{ .js | safeHtml }}">', '<a href="ZgotmplZ">'],
    [
      '<a href="https://x/?q={{ .url }}">',
      '<a href="https://x/?q=https%3A%2F%2Fa.example%2Fp%3Fq%3D1%26r%3D2">',
    ],
    ['<a href="https://x/{{ .evil }}">', '<a href="https://x/%3cb%20a=%221%22%20c=%272%27%3e&amp;">'],
    [
      '<a href="{{ .url }}" title="{{ .js }}">',
      '<a href="https://a.example/p?q=1&amp;r=2" title="javascript:alert(1)">',
    ],
  ])('addresses: %s', async (text, expected) => {
    expect(await html(text)).toBe(expected);
  });

  test.each([
    ['<p onclick="{{ .plain }}">', '<p onclick="ZgotmplZ">'],
    ['<p on{{ .plain }}="a">', '<p onZgotmplZ="a">'],
    ['<p {{ .plain }}="a">', '<p ZgotmplZ="a">'],
    ['<{{ .plain }}>', '<ZgotmplZ>'],
    ['<x{{ .plain }} {{ .plain }}>', '<xZgotmplZ ZgotmplZ>'],
    ['<script>var a = "{{ .plain }}"</script>{{ .plain }}', '<script>var a = "ZgotmplZ"</script>x'],
    ['<script></scriptx>{{ .plain }}</script>{{ .plain }}', '<script></scriptx>ZgotmplZ</script>x'],
    ['<style>p { color: {{ .plain }} }</style>', '<style>p { color: ZgotmplZ }</style>'],
    ['<p style="color: {{ .plain }}">', '<p style="color: x">'],
    ['<p style="color: {{ .js }}">', '<p style="color: ZgotmplZ">'],
    ['<img srcset="{{ .url }}">', '<img srcset="ZgotmplZ">'],
    ['<!-- {{ .evil }} -->{{ .plain }}', '<!--  -->x'],
    ['<!DOCTYPE {{ .plain }}>{{ .plain }}', '<!DOCTYPE ZgotmplZ>x'],
  ])('places where no value belongs: %s', async (text, expected) => {
    expect(await html(text)).toBe(expected);
  });

  test('the explanation of an error is text too', async () => {
    const { text, error } = await set.renderOrExplain('{{ .plain.x }}', data, { nowMs: 0, isHtml: true });
    expect(error?.code).toBe('template_failed');
    expect(text).toMatch(/^&lt;error expanding template: .*&gt;$/);
  });
});

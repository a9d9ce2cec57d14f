import { expect, test } from 'vitest';
import { TemplateError } from './errors.ts';
import { compileTemplates, templateMistakes } from './template-set.ts';

const options = { functions: new Map() };
const set = compileTemplates([], options);

test.each([
  ['{{', 1, 3, 'unclosed action'],
  ['{{}}', 1, 3, 'missing value for command'],
  ['a\n{{ if }}x{{end}}', 2, 7, 'missing value for if'],
  ['{{ if true }}x', 1, 15, 'unexpected EOF'],
  ['{{ end }}', 1, 4, 'unexpected {{end}} in the text'],
  ['{{if true}}a{{else}}b{{else}}c{{end}}', 1, 24, 'expected end; found {{else}} in if'],
  ['x\ny {{break}}', 2, 3, '{{break}} outside {{range}}'],
  ['{{range $x := .}}{{define "x"}}{{end}}{{end}}', 1, 20, 'unexpected <define> in action'],
  ['{{define "x"}}{{break}}{{end}}', 1, 15, '{{break}} outside {{range}}'],
  ['{{$x}}', 1, 3, 'undefined variable "$x"'],
  ['{{$x := 1}}{{define "T"}}{{$x}}{{end}}', 1, 28, 'undefined variable "$x"'],
  ['{{if true}}{{$z := 1}}{{end}}{{$z}}', 1, 32, 'undefined variable "$z"'],
  ['{{nofunc 1}}', 1, 3, 'function "nofunc" not defined'],
  ['{{1 | 2}}', 1, 7, 'non executable command in pipeline stage 2'],
  ['{{(1}}', 1, 1, 'unclosed left paren'],
  ['{{1)}}', 1, 4, 'unexpected right paren'],
  ['{{"abc}}', 1, 3, 'unterminated quoted string'],
  ['{{`abc}}', 1, 3, 'unterminated raw quoted string'],
  ['{{"\\q"}}', 1, 3, 'wrong escape in "\\q"'],
  ['{{1x}}', 1, 3, 'bad number syntax: "1x"'],
  ['{{08}}', 1, 3, 'illegal number syntax or number too large: 08'],
  ['{{9223372036854775808}}', 1, 3, 'illegal number syntax or number too large: 9223372036854775808'],
  ['{{.a-b}}', 1, 5, 'bad character "-"'],
  ['{{1 + 2}}', 1, 5, 'unexpected character "+" in command'],
  ['{{print "a""b"}}', 1, 12, 'unexpected "\\"b\\"" in operand'],
  ['{{"x".y}}', 1, 6, 'unexpected . after term "\\"x\\""'],
  ['{{/* a', 1, 3, 'unclosed comment'],
  ['{{/* a */ }}', 1, 10, 'comment ends before closing delimiter'],
  ['{{define "a"}}1{{end}}\n{{define "a"}}2{{end}}', 2, 3, 'multiple definition of template "a"'],
  ['{{template x}}', 1, 12, 'unexpected "x" in template clause'],
  ['{{if $x, $y := 1}}{{end}}', 1, 8, 'too many declarations in if'],
])('%j', (text, line, column, reason) => {
  const error = set.check(text, { name: 'file.tmpl' });
  expect(error).toBeInstanceOf(TemplateError);
  expect(error).toMatchObject({ code: 'bad_template', status: 400, reason });
  expect(error?.place).toEqual({ template: 'file.tmpl', line, column });
  expect(error?.message).toBe(`template: file.tmpl:${line}:${column}: ${reason}`);
});

test('compileTemplates throws, templateMistakes finds one per source', () => {
  const sources = [
    { name: 'good', text: '{{ . }}' },
    { name: 'one', text: '{{ nofunc }}' },
    { name: 'two', text: '\n{{ end }}' },
  ];
  expect(() => compileTemplates(sources, options)).toThrow(
    'template: one:1:4: function "nofunc" not defined',
  );
  expect(templateMistakes(sources, options).map(({ place }) => `${place?.template}:${place?.line}`)).toEqual([
    'one:1',
    'two:2',
  ]);
});

test('an error of an execution names the template, the place and the step', async () => {
  const two = compileTemplates(
    [{ name: 'file.tmpl', text: 'x\n{{ define "inner" }}\n  {{ .name.first }}{{ end }}' }],
    options,
  );
  const { text, error } = await two.renderOrExplain('{{ template "inner" "text" }}', undefined, { nowMs: 0 });
  expect(error?.place).toEqual({ template: 'file.tmpl', line: 3, column: 6 });
  expect(text).toBe(
    `<error expanding template: template: file.tmpl:3:6: executing "inner" at <.name.first>: can't evaluate field name in type string>`,
  );
});

test('later definitions replace earlier ones, empty ones do not', async () => {
  const sources = [
    { name: 'a', text: '{{ define "x" }}first{{ end }}{{ define "y" }}kept{{ end }}' },
    { name: 'b', text: '{{ define "x" }}second{{ end }}{{ define "y" }} {{ end }}' },
  ];
  const both = compileTemplates(sources, options);
  expect(both.names).toEqual(['a', 'b', 'x', 'y']);
  expect(await both.executeNamed('x', undefined, { nowMs: 0 })).toBe('second');
  expect(await both.executeNamed('y', undefined, { nowMs: 0 })).toBe('kept');
  await expect(both.executeNamed('z', undefined, { nowMs: 0 })).rejects.toThrow('template "z" not defined');
});

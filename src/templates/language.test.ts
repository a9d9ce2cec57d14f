import { describe, expect, test } from 'vitest';
import { toValue } from './data.ts';
import { compileTemplates } from './template-set.ts';
import { ANY_LIST, FunctionValue, List, type Value } from './values.ts';

/**
 * Expected texts follow from the documentation of Go's text/template (https://pkg.go.dev/text/template); those that touch no data of
 * ours were also compared once with what Prometheus 2.42 made of them as annotations.
 */
const set = compileTemplates([], { functions: new Map() });
const data = toValue({
  name: 'api',
  empty: '',
  count: 3n,
  ratio: 0.5,
  items: ['a', 'b', 'c'],
  none: [],
  nested: { deeper: { deepest: 'found' } },
  map: { b: 2n, a: 1n },
});

async function result(text: string, ...given: [Value?]): Promise<string> {
  const value = given.length > 0 ? given[0] : data;
  const { text: out, error } = await set.renderOrExplain(text, value, { nowMs: 0 });
  return error === undefined ? out : `${error.code}: ${error.reason}`;
}

describe('actions', () => {
  test.each([
    // https://pkg.go.dev/text/template#hdr-Text_and_spaces
    ['{{23 -}} < {{- 45}}', '23<45'],
    ['a {{- /* a comment */ -}} b', 'ab'],
    ['a {{/* a comment */}} b', 'a  b'],
    [' \n{{- " x " -}}\t\n ', ' x '],
    ['{{-1}}', '-1'],
    ['{{\nprint\n1\n}}', '1'],
    ['}} {{1}} }}', '}} 1 }}'],
    // https://pkg.go.dev/text/template#hdr-Actions
    ['{{if .name}}a{{else}}b{{end}}', 'a'],
    ['{{if .empty}}a{{else}}b{{end}}', 'b'],
    ['{{if .empty}}a{{else if .count}}c{{else}}b{{end}}', 'c'],
    ['{{if .none}}a{{end}}', ''],
    ['{{with .name}}[{{.}}]{{end}}', '[api]'],
    ['{{with .empty}}x{{else}}[{{.count}}]{{end}}', '[3]'],
    ['{{with .empty}}x{{else with .name}}[{{.}}]{{end}}', '[api]'],
    ['{{with $x := .name}}{{$x}}{{end}}', 'api'],
    ['{{define "T1"}}ONE{{end}}{{define "T2"}}TWO {{template "T1"}}{{end}}{{template "T2"}}', 'TWO ONE'],
    ['{{define "T"}}[{{.}}]{{end}}{{template "T" .name}}{{template "T"}}', '[api][<no value>]'],
    ['{{block "B" .name}}<{{.}}>{{end}}', '<api>'],
    ['{{define "a"}}1{{end}}{{define "a"}} {{end}}{{template "a"}}', '1'],
    ['{{template "missing"}}', 'template_failed: template "missing" not defined'],
  ])('%j', async (text, expected) => {
    expect(await result(text)).toBe(expected);
  });

  test.each([
    ['{{range .items}}{{.}},{{end}}', 'a,b,c,'],
    ['{{range $i, $e := .items}}{{$i}}{{$e}} {{end}}', '0a 1b 2c '],
    ['{{range $e := .items}}{{$e}}{{end}}', 'abc'],
    ['{{range .none}}x{{else}}none{{end}}', 'none'],
    ['{{range .map}}{{.}}{{end}}', '12'],
    ['{{range $k, $v := .map}}{{$k}}={{$v}};{{end}}', 'a=1;b=2;'],
    ['{{range 3}}{{.}}{{end}}', '012'],
    ['{{range $i, $e := .items}}{{if eq $e "b"}}{{continue}}{{end}}{{$e}}{{end}}', 'ac'],
    ['{{range .items}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', 'a'],
    ['{{range .items}}{{range $.items}}{{break}}{{end}}{{.}}{{end}}', 'abc'],
    ['{{range .items}}{{range $.none}}{{else}}{{break}}{{end}}{{.}}{{end}}', 'abc'],
    ['{{$last := ""}}{{range .items}}{{$last = .}}{{end}}{{$last}}', 'c'],
    ['{{$i := 0}}{{$e := 0}}{{range $i, $e = .items}}{{end}}{{$i}}{{$e}}', '2c'],
    ['{{range .missing}}x{{else}}nothing{{end}}', 'nothing'],
    ['{{range 1.5}}{{end}}', "template_failed: range can't iterate over float64"],
    ['{{range "abc"}}{{end}}', "template_failed: range can't iterate over string"],
  ])('%j', async (text, expected) => {
    expect(await result(text)).toBe(expected);
  });
});

describe('variables and fields', () => {
  test.each([
    ['{{$x := 1}}{{$x}}', '1'],
    ['{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}', '2'],
    ['{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}', '21'],
    ['{{with 5}}{{$.name}}{{end}}', 'api'],
    ['{{.nested.deeper.deepest}}', 'found'],
    ['{{(index .items 1)}}', 'b'],
    ['{{(print .name).x}}', "template_failed: can't evaluate field x in type string"],
    ['{{.missing}}', '<no value>'],
    ['{{.missing.more}}', 'template_failed: nil pointer evaluating interface {}.more'],
    ['{{.name.x}}', "template_failed: can't evaluate field x in type string"],
    ['{{.name 1}}', 'template_failed: name is not a method but has arguments'],
    ['{{nil}}', 'template_failed: nil is not a command'],
    ['{{1 2}}', "template_failed: can't give argument to non-function 1"],
  ])('%j', async (text, expected) => {
    expect(await result(text)).toBe(expected);
  });

  test('data that is not there has no fields, and that is no mistake', async () => {
    expect(await result('{{.a.b}}', undefined)).toBe('<no value>');
  });

  test('keys are keys and nothing else, whatever they are called', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    for (const name of names) {
      expect(await result(`{{.${name}}}|{{index . "${name}"}}`)).toBe('<no value>|<no value>');
      const entries = toValue(new Map([[name, 'label']]));
      expect(await result(`{{.${name}}} {{.}} {{len .}}`, entries)).toBe(`label map[${name}:label] 1`);
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('pipelines and literals', () => {
  // The examples of https://pkg.go.dev/text/template#hdr-Examples: all print "output" in quotes.
  test.each([
    '{{"\\"output\\""}}',
    '{{`"output"`}}',
    '{{printf "%q" "output"}}',
    '{{"output" | printf "%q"}}',
    '{{printf "%q" (print "out" "put")}}',
    '{{"put" | printf "%s%s" "out" | printf "%q"}}',
    '{{"output" | printf "%s" | printf "%q"}}',
    '{{with "output"}}{{printf "%q" .}}{{end}}',
    '{{with $x := "output" | printf "%q"}}{{$x}}{{end}}',
    '{{with $x := "output"}}{{printf "%q" $x}}{{end}}',
    '{{with $x := "output"}}{{$x | printf "%q"}}{{end}}',
  ])('%s', async (text) => {
    expect(await result(text)).toBe('"output"');
  });

  // https://go.dev/ref/spec#Constants
  test.each([
    ['{{1}} {{-1}} {{+1}} {{0x1F}} {{0b101}} {{0o17}} {{017}} {{1_000}}', '1 -1 1 31 5 15 15 1000'],
    ['{{1.0}} {{.5}} {{1e3}} {{0x1p4}} {{1_0.5}}', '1 0.5 1000 16 10.5'],
    ["{{'a'}} {{'\\n'}} {{'☺'}} {{'\\''}}", '97 10 9786 39'],
    ['{{"a\\tb\\u00e9\\x41\\101\\U0001F600"}}', 'a\tbéAA😀'],
    ['{{`raw\\n`}}', 'raw\\n'],
    ['{{true}} {{false}} {{print nil}}', 'true false <nil>'],
    ['{{9223372036854775807}}', '9223372036854775807'],
  ])('%j', async (text, expected) => {
    expect(await result(text)).toBe(expected);
  });
});

// https://pkg.go.dev/text/template#hdr-Functions
describe('built-in functions', () => {
  test.each([
    ['{{and 1 0 2}} {{and 1 2}} {{or 0 "" "x"}} {{or 0 ""}}', '0 2 x '],
    ['{{or 1 (index "abc" 10)}} {{and 0 (index "abc" 10)}}', '1 0'],
    ['{{1 | and 2}} {{0 | or 0}}', '1 0'],
    ['{{not true}} {{not 0}} {{not "x"}}', 'false true false'],
    ['{{len "héllo"}} {{len .items}} {{len .map}}', '6 3 2'],
    ['{{len 3}}', 'template_failed: error calling len: len of type int'],
    [
      '{{index .items 1}} {{index .map "b"}} {{index .nested "deeper" "deepest"}} {{index "abc" 1}}',
      'b 2 found 98',
    ],
    ['{{index .items 3}}', 'template_failed: error calling index: index out of range: 3'],
    [
      '{{index .items "a"}}',
      'template_failed: error calling index: cannot index slice/array with type string',
    ],
    ['{{index .map 1}}', 'template_failed: error calling index: value has type int; should be string'],
    ['{{slice .items 1 2}} {{slice "abcdef" 1 3}} {{slice "abcdef" 4}}', '[b] bc ef'],
    ['{{slice "abc" 2 1}}', 'template_failed: error calling slice: invalid slice index: 2 > 1'],
    ['{{print "a" 1 2 "b" 3.0 nil}}', 'a1 2b3 <nil>'],
    ['{{println "a" 1}}', 'a 1\n'],
    [`{{html "<a href='x'>\\"&"}}`, '&lt;a href=&#39;x&#39;&gt;&#34;&amp;'],
    [`{{js "it's <b> \\"q\\" \\\\ \\n = é"}}`, 'it\\\'s \\u003Cb\\u003E \\"q\\" \\\\ \\u000A \\u003D é'],
    ['{{urlquery "a b&c=d/é?"}}', 'a+b%26c%3Dd%2F%C3%A9%3F'],
    ['{{call .name}}', 'template_failed: error calling call: non-function of type string'],
  ])('%j', async (text, expected) => {
    expect(await result(text)).toBe(expected);
  });

  test('call runs a function of the data', async () => {
    const double = new FunctionValue({ params: ['int'], call: ([n]) => (n as bigint) * 2n });
    expect(await result('{{call .double 21}}', toValue({ double }))).toBe('42');
    expect(await result('{{call .double}}', toValue({ double }))).toContain('want 1 got 0');
  });

  test.each([
    [
      '{{eq 1 1}} {{eq 1 2 3 1}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt 3 2}} {{ge 2 3}}',
      'true true true true true true false',
    ],
    [
      '{{eq "a" "b" "a"}} {{lt "a" "b"}} {{eq true true}} {{eq nil nil}} {{eq .missing nil}}',
      'true true true true true',
    ],
    ['{{gt .ratio 0.4}} {{eq .count 3}}', 'true true'],
    ['{{eq 1 1.0}}', 'template_failed: error calling eq: incompatible types for comparison'],
    ['{{gt .ratio 0}}', 'template_failed: error calling gt: incompatible types for comparison'],
    ['{{lt true false}}', 'template_failed: error calling lt: invalid type for comparison'],
    ['{{eq .items .items}}', 'template_failed: error calling eq: non-comparable type []interface {}'],
    ['{{eq 1}}', 'template_failed: error calling eq: missing argument for comparison'],
    ['{{ne 1 2 3}}', 'template_failed: wrong number of args for ne: want 2 got 3'],
  ])('%j', async (text, expected) => {
    expect(await result(text)).toBe(expected);
  });
});

test('values print themselves as Go prints them', async () => {
  const list = new List([1n, 2.5, 'x', null, new List([]), true], ANY_LIST);
  expect(await result('{{.}}', list)).toBe('[1 2.5 x <nil> [] true]');
  expect(await result('{{.}}', toValue({ b: [1n], a: { c: 'x' } }))).toBe('map[a:map[c:x] b:[1]]');
  expect(await result('{{.}}', toValue({ $big: 1e21 }))).toBe('map[$big:1e+21]');
});

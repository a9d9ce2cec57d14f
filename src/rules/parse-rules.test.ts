import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { globFiles } from './glob.ts';
import { loadRuleFiles } from './load-rules.ts';
import { parseRules } from './parse-rules.ts';
import { formatRuleProblem } from './rule-types.ts';
import { groupsEqual, ruleIds, rulesEqual } from './rules-equal.ts';
import { groupsOf, parseOptions } from './rules-test-kit.ts';

function problemsOf(text: string): string[] {
  return parseRules(text, 'f.yml', parseOptions).problems.map(formatRuleProblem);
}

describe('rule files', () => {
  test('a file with everything', () => {
    const [group] = groupsOf(
      [
        'groups:',
        '  - name: g',
        '    interval: 1m30s',
        '    limit: 7',
        '    query_offset: 10s',
        '    labels: {team: a, severity: low}',
        '    rules:',
        '      - alert: Down',
        '        expr: up{job="a"}  ==  0',
        '        for: 5m',
        '        keep_firing_for: 1h',
        '        labels: {severity: page, code: 1.10}',
        '        annotations: {summary: "{{ $labels.instance }}"}',
        '      - record: a:b',
        '        expr: rate(x[5m])',
      ].join('\n'),
    );
    expect(group).toMatchObject({ name: 'g', intervalMs: 90_000, limit: 7, queryOffsetMs: 10_000 });
    expect(group!.rules[0]).toMatchObject({
      kind: 'alerting',
      name: 'Down',
      query: 'up{job="a"} == 0',
      forMs: 300_000,
      keepFiringForMs: 3_600_000,
      // Of a name in both the rule's label counts; a number stays what was written.
      labels: [
        ['code', '1.10'],
        ['severity', 'page'],
        ['team', 'a'],
      ],
      annotations: [['summary', '{{ $labels.instance }}']],
      line: 8,
    });
    expect(group!.rules[0]!.reads).toEqual(new Set(['up']));
    expect(group!.rules[1]).toMatchObject({ kind: 'recording', name: 'a:b', line: 14 });
  });

  test('all mistakes of a file at once, with line and column', () => {
    const text = [
      'groups:',
      '  - name: g',
      '    intervall: 5m',
      '    labels: {__name__: x}',
      '    rules:',
      '      - alert: A',
      '        expr: sum(',
      '        for: 5x',
      '        annotations: {a: "{{ $x "}',
      '      - record: b',
      '        for: 5m',
      '      - expr: up',
      '        labels: [a]',
      '  - name: g',
      '    limit: many',
    ].join('\n');
    expect(problemsOf(text)).toEqual([
      'f.yml: 3:5: field intervall not found in type rulefmt.RuleGroup; did you mean interval?',
      'f.yml: 4:13: invalid label name: __name__',
      expect.stringMatching(
        /^f\.yml: 7:15: group "g", rule 1, "A": could not parse expression: 1:5: parse error: /,
      ),
      'f.yml: 8:14: not a valid duration string: "5x"',
      'f.yml: 9:22: group "g", rule 1, "A": annotation "a": unclosed action',
      'f.yml: 10:9: group "g", rule 2, "b": field \'expr\' must be set in rule',
      'f.yml: 11:14: group "g", rule 2, "b": invalid field \'for\' in recording rule',
      'f.yml: 12:9: group "g", rule 3, "": one of \'record\' or \'alert\' must be set',
      'f.yml: 13:17: cannot unmarshal !!seq into map[string]string',
      'f.yml: 14:5: groupname: "g" is repeated in the same file',
      'f.yml: 15:12: cannot unmarshal !!str `many` into int',
    ]);
  });

  test('aliases and merges stand for what they name', () => {
    const [group] = groupsOf(
      [
        'groups:',
        '  - name: g',
        '    rules:',
        '      - &first',
        '        alert: &name A',
        '        expr: &expr up == 0',
        '        labels: &labels {a: b}',
        '      - <<: *first',
        '        alert: B',
        '      - record: *name',
        '        expr: *expr',
        '        labels: {<<: *labels, c: d}',
      ].join('\n'),
    );
    expect(group!.rules.map(({ kind, name, expr, labels }) => [kind, name, expr, labels])).toEqual([
      ['alerting', 'A', 'up == 0', [['a', 'b']]],
      ['alerting', 'B', 'up == 0', [['a', 'b']]],
      [
        'recording',
        'A',
        'up == 0',
        [
          ['a', 'b'],
          ['c', 'd'],
        ],
      ],
    ]);
  });

  test('a merge of itself and aliases without an anchor are mistakes', () => {
    expect(problemsOf('groups:\n  - &a\n    name: g\n    <<: *a\n')).toContain(
      'f.yml: 3:5: anchors are merged too deeply',
    );
    expect(problemsOf('groups: *nothing\n')).toEqual([
      "f.yml: 1:9: yaml: unknown anchor 'nothing' referenced",
    ]);
  });

  test('many aliases of a long list cost no more than the rules they make', () => {
    const rules = Array.from({ length: 1000 }, (_, i) => `\n      - {record: r${i}, expr: up}`).join('');
    const more = Array.from({ length: 1000 }, (_, i) => `  - {name: g${i}, rules: *r}\n`).join('');
    const problems = problemsOf(`groups:\n  - name: g\n    rules: &r${rules}\n${more}`);
    expect(problems.at(-1)).toMatch(/more than 100000 rules in a file/);
  });

  test('a second document does not count, and that is said', () => {
    const { groups, problems, warnings } = parseRules(
      'groups: [{name: a}]\n---\ngroups: [{name: b}]\n',
      'f.yml',
      parseOptions,
    );
    expect(problems).toEqual([]);
    expect(groups.map(({ name }) => name)).toEqual(['a']);
    expect(warnings).toHaveLength(1);
  });

  test('any text gives problems or groups and never throws', () => {
    const words = fc.constantFrom(
      'groups:',
      '- ',
      'name: g',
      'rules:',
      'alert: A',
      'expr: up',
      'record: b',
      '\n',
      '  ',
      '    ',
      '&a ',
      '*a',
      '<<: ',
      '{',
      '}',
      '[',
      ']',
      ': ',
      '"',
      "'",
      '|',
      '---',
      '!!map ',
      'for: 1m',
      'labels:',
      '\t',
      '#',
      '\u0000',
      '\ud800',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 40 }), (parts) => {
        const { problems } = parseRules(parts.join(''), 'f.yml', parseOptions);
        for (const { line, column } of problems) {
          if (line !== undefined) expect([line > 0, (column ?? 1) > 0]).toEqual([true, true]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('keys that are not known may be let pass', () => {
    expect(
      groupsOf('groups: [{name: g, partial_response_strategy: warn}]', 'f', { ignoresUnknownFields: true }),
    ).toHaveLength(1);
  });

  test('another language brings its own check', () => {
    const [group] = groupsOf('groups: [{name: g, rules: [{alert: A, expr: "{app=x} |= y"}]}]', 'f', {
      language: 'logql',
      checkExpr: (expr) => ({ query: expr.toUpperCase(), reads: undefined }),
    });
    expect(group!.rules[0]).toMatchObject({ language: 'logql', query: '{APP=X} |= Y' });
  });
});

describe('equality', () => {
  const text = (labels: string, expr = 'up == 0') =>
    `groups: [{name: g, rules: [{alert: A, expr: ${expr}, labels: {${labels}}}]}]`;

  test('of rules is about what they do and not where they stand', () => {
    const [a, b] = [groupsOf(text('x: a, y: b')), groupsOf(`\n\n${text('y: b, x: a')}`)];
    expect(rulesEqual(a, b)).toBe(true);
    expect(rulesEqual(a, groupsOf(text('x: a')))).toBe(false);
    expect(groupsEqual(a[0]!, groupsOf(text('x: a, y: b', 'up == 1'))[0]!)).toBe(false);
    expect(rulesEqual(a, [])).toBe(false);
  });

  test('ids stay when the expression changes and differ for equal rules', () => {
    const twice = groupsOf('groups: [{name: g, rules: [{alert: A, expr: up}, {alert: A, expr: up}]}]');
    expect(new Set(ruleIds(twice[0]!)).size).toBe(2);
    expect(ruleIds(groupsOf(text('a: b'))[0]!)).toEqual(ruleIds(groupsOf(text('a: b', 'up == 1'))[0]!));
    expect(ruleIds(groupsOf(text('a: b'))[0]!)).not.toEqual(ruleIds(groupsOf(text('a: c'))[0]!));
  });
});

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-rule-files-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  for (const path of ['a/1.yml', 'a/2.yml', 'b/1.yml', 'b/x.yaml']) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), `groups: [{name: ${path.replace(/\W/g, '_')}}]`);
  }

  test('patterns work in every part of the path', () => {
    const names = (pattern: string) =>
      globFiles(join(folder, pattern)).map((path) => path.slice(folder.length + 1));
    expect(names('*/1.yml')).toEqual(['a/1.yml', 'b/1.yml']);
    expect(names('a/[2-3].yml')).toEqual(['a/2.yml']);
    expect(names('a/[^2].yml')).toEqual(['a/1.yml']);
    expect(names('?/*.y*ml')).toEqual(['a/1.yml', 'a/2.yml', 'b/1.yml', 'b/x.yaml']);
    expect(names('nothing/*.yml')).toEqual([]);
    expect(names('a/3.yml')).toEqual([]);
    expect(() => names('a/[1')).toThrow('syntax error in pattern');
  });

  test('every file once, what matches nothing is a warning, mistakes of all files together', () => {
    writeFileSync(join(folder, 'bad.yml'), 'groups: [{}]');
    writeFileSync(join(folder, 'worse.yml'), 'grups: []');
    const loaded = loadRuleFiles(
      ['*/1.yml', 'a/*.yml', 'none/*.yml', '*.yml', '[', folder],
      folder,
      parseOptions,
    );
    expect(loaded.groups.map(({ name }) => name)).toEqual(['a_1_yml', 'a_2_yml', 'b_1_yml', '']);
    expect(loaded.warnings.map(({ message }) => message)).toEqual(['no file matches the pattern']);
    expect(loaded.problems.map(({ message }) => message)).toEqual([
      'syntax error in pattern',
      expect.stringContaining('cannot be read'),
      'Groupname must not be empty',
      'field grups not found in type rulefmt.RuleGroups; did you mean groups?',
    ]);
  });
});

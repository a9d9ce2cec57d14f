import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import { parseAlertingConfig } from './config/index.ts';
import { matchingRoutes, visitedRoutes } from './route-match.ts';
import type { Route } from './types.ts';

const TREE = `
route:
  receiver: root
  routes:
    - receiver: db
      matchers: [service="db"]
      continue: true
      routes:
        - receiver: db-pager
          matchers: [severity="critical"]
        - receiver: db-night
          matchers: [severity=~"critical|warning"]
    - receiver: web
      matchers: [service=~"web.*|db"]
    - receiver: last
      matchers: [service=~".+"]
receivers: [{name: root}, {name: db}, {name: db-pager}, {name: db-night}, {name: web}, {name: last}]
`;

const root = (text: string): Route => {
  const { config, problems } = parseAlertingConfig(text, { channels: [], file: 'alertmanager.yml' });
  expect(problems).toEqual([]);
  return config!.route;
};

describe('matchingRoutes', () => {
  test.each([
    [{}, ['root']],
    [{ service: 'web1' }, ['web']],
    [{ service: 'mail' }, ['last']],
    [{ service: 'db' }, ['db', 'web']],
    [{ service: 'db', severity: 'critical' }, ['db-pager', 'web']],
    [{ service: 'db', severity: 'warning' }, ['db-night', 'web']],
  ])('%o', (labels, expected) => {
    const routes = matchingRoutes(root(TREE), Labels.fromObject(labels as Record<string, string>));
    expect(routes.map(({ receiver }) => receiver)).toEqual(expected);
  });

  test('continue of the last that matches leads to nothing more, not back to the parent', () => {
    const tree = root(`
route:
  receiver: root
  routes: [{receiver: a, matchers: [x="1"], continue: true}, {receiver: b, matchers: [y="1"], continue: true}]
receivers: [{name: root}, {name: a}, {name: b}]
`);
    const receivers = (labels: Record<string, string>) =>
      matchingRoutes(tree, Labels.fromObject(labels)).map(({ receiver }) => receiver);
    expect(receivers({ x: '1' })).toEqual(['a']);
    expect(receivers({ x: '1', y: '1' })).toEqual(['a', 'b']);
    expect(receivers({ z: '1' })).toEqual(['root']);
  });
});

test('visitedRoutes tells of every route that was looked at, in order', () => {
  const labels = Labels.fromObject({ service: 'db', severity: 'warning' });
  const tree = root(TREE);
  const visits = visitedRoutes(tree, labels);
  expect(visits.map((visit) => [visit.route.id, visit.hasMatched, visit.isTaken])).toEqual([
    ['0', true, false],
    ['0.0', true, false],
    ['0.0.0', false, false],
    ['0.0.1', true, true],
    ['0.1', true, true],
    // 0.2 is behind a match without continue.
  ]);
  const taken = visits.filter(({ isTaken }) => isTaken).map(({ route }) => route);
  expect(taken).toEqual(matchingRoutes(tree, labels));
});

const hasAmtool = spawnSync('amtool', ['--version']).status === 0;
if (!hasAmtool) console.info('amtool is not installed; routes are not compared with it');

const MATCHERS_TREE = `
route:
  receiver: r0
  group_by: [alertname]
  routes:
    - receiver: r1
      match: {a: "1"}
      match_re: {b: "x|y.*"}
      continue: true
    - receiver: r2
      matchers: ['a=~"1|2"', 'c!="0"']
      routes:
        - matchers: ['{b="x", c=~".*"}']
          continue: true
        - receiver: r3
          matchers: [b!~"x", c=""]
        - receiver: r4
          match_re: {c: "^[12]$"}
          routes:
            - {receiver: r5, match: {a: 2}, continue: true}
            - {receiver: r6, matchers: ['b = "y z"']}
            - {receiver: r1, match_re: {b: ""}}
    - receiver: r6
      matchers: [a="", b=~".+"]
receivers: [{name: r0}, {name: r1}, {name: r2}, {name: r3}, {name: r4}, {name: r5}, {name: r6}]
`;

/** What `amtool config routes show` draws, from our tree. */
function drawn(route: Route, prefix = ''): string[] {
  return route.routes.flatMap((child, index) => {
    const isLast = index === route.routes.length - 1;
    const conditions = child.key.slice(route.key.length + 1);
    const mark = child.continues ? '  continue: true' : '';
    return [
      `${prefix}${isLast ? '└──' : '├──'} ${conditions}${mark}  receiver: ${child.receiver}`,
      ...drawn(child, `${prefix}${isLast ? '    ' : '│   '}`),
    ];
  });
}

describe.skipIf(!hasAmtool)('as amtool', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bw-routes-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const amtool = (...args: readonly string[]) =>
    execFileSync('amtool', ['--alertmanager.url=http://127.0.0.1:1', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 20_000,
    });

  describe.each([
    ['services', TREE, 'service', ['', 'db', 'web', 'web9', 'mail'], 'severity', ['', 'warning', 'critical']],
    ['all kinds of matchers', MATCHERS_TREE, 'a', ['', '1', '2', '3'], 'b', ['', 'x', 'y z', 'yes']],
  ] as const)('%s', (name, text, first, firstValues, second, secondValues) => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.yml`);
    beforeAll(() => writeFileSync(file, text));

    test('labels lead to the same receivers', () => {
      const tree = root(text);
      for (const a of firstValues)
        for (const b of secondValues)
          for (const c of ['', '1', '0']) {
            const labels = { [first]: a, [second]: b, c };
            const given = Object.entries(labels).filter(([, value]) => value !== '');
            const pairs = given.map(([key, value]) => `${key}=${JSON.stringify(value)}`);
            // Without any labels amtool wants to show its help.
            const args = pairs.length === 0 ? ['other=x'] : pairs;
            const theirs = amtool('config', 'routes', 'test', `--config.file=${file}`, ...args).trim();
            const ours = matchingRoutes(tree, Labels.fromObject(labels)).map(({ receiver }) => receiver);
            expect(ours.join(','), JSON.stringify(labels)).toBe(theirs);
          }
    });

    test('keys are those of its tree', () => {
      const shown = amtool('config', 'routes', 'show', `--config.file=${file}`);
      const tree = root(text);
      const lines = shown
        .replaceAll('\u00a0', ' ')
        .split('\n')
        .filter((line) => line.includes('receiver:'));
      expect(drawn(tree)).toEqual(lines.slice(1).map((line) => line.slice(4)));
    });
  });
});

import { expect, test } from 'vitest';
import { LineCounter, parseDocument } from 'yaml';
import { documentPlace } from '../../prom-config/index.ts';
import { parseInboundWebhooks } from './config.ts';
import { parsePath, timeOf } from './payload.ts';

function parse(text: string) {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const place = documentPlace('bellwether.yml', document, lines, ['inbound_webhooks']);
  return parseInboundWebhooks(document.toJS().inbound_webhooks, place, '/etc/bellwether');
}

test('webhooks as they are written', () => {
  const { webhooks, problems } = parse(`
inbound_webhooks:
  - {name: ci, kind: github, secret_file: github.secret, resolve_after: 2h, labels: {team: web}}
  - {name: other, kind: generic, token: 12345678, mapping: {labels: {alertname: '{{ .x }}'}}}
`);
  expect(problems).toEqual([]);
  expect(webhooks[0]).toMatchObject({
    name: 'ci',
    token: undefined,
    secret: { file: '/etc/bellwether/github.secret' },
    resolveAfterMs: 7_200_000,
  });
  expect(webhooks[0]!.labels.toObject()).toEqual({ team: 'web' });
  expect(webhooks[1]!.token).toEqual({ text: '12345678' });
});

test('an absent section is no webhook', () => {
  expect(parse('a: b')).toEqual({ webhooks: [], problems: [] });
});

test('all mistakes at once, each in its place; what is right stays', () => {
  const { webhooks, problems } = parse(`
inbound_webhooks:
  - {name: open, kind: generic}
  - {name: a b, kind: gitlab, token: short}
  - {name: x, kind: generic, token: long-enough, token_file: f, resolve_after: 1s}
  - {name: y, kind: generic, token: long-enough, mapping: {labels: {a: '{{ .x '}, statuz: b}}
  - {name: y, kind: generic, token: long-enough, tokn: x}
  - {name: fine, kind: coolify, token: long-enough}
`);
  expect(
    problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`),
  ).toMatchInlineSnapshot(`
    [
      "3:12 inbound_webhooks.0.name: needs token or secret (or token_file, secret_file): without one anybody could send alerts",
      "4:12 inbound_webhooks.1.name: must be letters, digits, - and _, at most 64",
      "4:23 inbound_webhooks.1.kind: must be one of: generic, alertmanager, grafana, github, coolify",
      "4:38 inbound_webhooks.1.token: must have at least 8 characters",
      "5:80 inbound_webhooks.2.resolve_after: must be between 1m and 1y",
      "5:62 inbound_webhooks.2.token_file: at most one of token and token_file may be given",
      "6:72 inbound_webhooks.3.mapping.labels.a: template: mapping:1:7: unclosed action",
      "6:83 inbound_webhooks.3.mapping.statuz: unknown key "statuz"; did you mean status?",
      "7:50 inbound_webhooks.4.tokn: unknown key "tokn"; did you mean token?",
      "7:12 inbound_webhooks.4.name: there is a webhook "y" already",
    ]
  `);
  expect(webhooks.map(({ name }) => name)).toEqual(['fine']);
});

test('paths and pointers', () => {
  expect(parsePath('a.b[0].c')).toEqual(['a', 'b', '0', 'c']);
  expect(parsePath('$.a')).toEqual(['a']);
  expect(parsePath('/a~1b/m~0n/0')).toEqual(['a/b', 'm~n', '0']);
  expect(parsePath('.')).toEqual([]);
});

test('times in the notations of senders', () => {
  const ms = Date.UTC(2026, 10, 21, 12);
  for (const time of ['2026-11-21T12:00:00Z', '2026-11-21 13:00:00+01:00', ms, ms / 1000, String(ms / 1000)])
    expect(timeOf(time)).toBe(ms);
  for (const time of ['0001-01-01T00:00:00Z', 'yesterday', 0, -5, 1e30, Number.NaN, null, {}, '2026-13-01'])
    expect(timeOf(time)).toBeUndefined();
});

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Batch } from '../../../store/index.ts';
import type { DecodeOutcome } from '../../types.ts';
import { decodeMetricsJson } from './metrics-json.ts';
import { decodeMetricsProtobuf } from './metrics-protobuf.ts';
import { createContext, LIMITS, type PlainRow, rowsOf } from './metrics-test-kit.ts';

const FOLDER = new URL('../../../../test/fixtures/claude-code/', import.meta.url);

interface Fixture {
  readonly file: string;
  readonly signal: string;
  readonly scenario: string;
  readonly contentEncoding: string;
  readonly transport: string;
  readonly points: number;
  readonly names: Readonly<Record<string, number>>;
}

const fixtures = (
  JSON.parse(readFileSync(new URL('index.json', FOLDER), 'utf8')) as readonly Fixture[]
).filter(({ signal }) => signal === 'metrics');

function decode(files: readonly Fixture[]): { batch: Batch; outcomes: DecodeOutcome[] } {
  const context = createContext({ limits: { ...LIMITS, maxAgeMs: 0, maxFutureMs: 1e13 } });
  const outcomes = files.map(({ file, contentEncoding, transport }) => {
    let body: Uint8Array = readFileSync(new URL(file, FOLDER));
    if (contentEncoding === 'gzip' && transport === 'http') body = gunzipSync(body);
    return (file.endsWith('.json') ? decodeMetricsJson : decodeMetricsProtobuf)(body, context);
  });
  return { batch: context.batch, outcomes };
}

function scenario(name: string): Fixture[] {
  return fixtures.filter((fixture) => fixture.scenario === name);
}

const seriesOf = (batch: Batch) =>
  new Map(rowsOf(batch, 'metric_series').map((row) => [row.series_id, row.labels as Record<string, string>]));

/** Sum of increments, or of the last values of cumulative series, by metric and label value. */
function totals(batch: Batch, metric: string, label: string): Record<string, number> {
  const labels = seriesOf(batch);
  const sums: Record<string, number> = {};
  const last = new Map<unknown, PlainRow>();
  for (const row of rowsOf(batch, 'metric_samples')) last.set(row.series_id, row);
  for (const row of [...rowsOf(batch, 'metric_deltas'), ...last.values()]) {
    if (row.metric !== metric) continue;
    const key = labels.get(row.series_id)?.[label] ?? '';
    sums[key] = (sums[key] ?? 0) + (row.value as number);
  }
  return Object.fromEntries(Object.entries(sums).map(([key, sum]) => [key, Number(sum.toFixed(9))]));
}

const COST = 'claude_code_cost_usage_USD_total';
const TOKENS = 'claude_code_token_usage_tokens_total';

describe('recorded requests', () => {
  test('there are recordings of every encoding', () => {
    expect(fixtures.length).toBeGreaterThan(60);
    expect(fixtures.some(({ file }) => file.endsWith('.json'))).toBe(true);
    expect(fixtures.some(({ file }) => file.endsWith('.grpc.pb'))).toBe(true);
  });

  test.each(fixtures)('$file: $points points, none rejected', (fixture) => {
    const { batch, outcomes } = decode([fixture]);
    expect(outcomes[0]).toMatchObject({ accepted: fixture.points, rejected: 0 });
    const samples = rowsOf(batch, 'metric_samples');
    const told = samples.filter(({ metric }) => String(metric).endsWith('_info'));
    expect(told).toHaveLength(2);
    // Cumulative points come with zeros at their start times, delta points with nothing.
    const deltas = batch.metric_deltas.metric.length;
    if (deltas > 0) expect([deltas, samples.length]).toEqual([fixture.points, 2]);
    else expect(samples.length - told.length).toBeGreaterThanOrEqual(fixture.points);
  });

  test('names, labels and metadata of a simple run', () => {
    const { batch } = decode(scenario('simple'));
    expect(new Set(rowsOf(batch, 'metric_deltas').map(({ metric }) => metric))).toEqual(
      new Set([COST, TOKENS, 'claude_code_active_time_seconds_total', 'claude_code_session_count_total']),
    );
    const cost = rowsOf(batch, 'metric_series').find(({ metric }) => metric === COST)!;
    expect(cost).toMatchObject({ type: 'counter', unit: 'USD', storage: 'delta' });
    expect(cost.labels).toMatchObject({
      job: 'claude-code',
      service_name: 'claude-code',
      model: 'claude-sonnet-5-5',
      query_source: 'main',
      anthropic_custom_base_url: 'true',
    });
    expect(Object.keys(cost.labels as object)).not.toContain('service_version');
    const info = rowsOf(batch, 'metric_series').find(({ metric }) => metric === 'target_info')!;
    expect(info.labels).toMatchObject({ job: 'claude-code', service_version: '2.1.329', os_type: 'linux' });
    expect(info.labels).not.toHaveProperty('service_name');
    const scope = rowsOf(batch, 'metric_series').find(({ metric }) => metric === 'otel_scope_info')!;
    expect(scope.labels).toEqual({
      job: 'claude-code',
      otel_scope_name: 'com.anthropic.claude_code',
      otel_scope_version: '2.1.329',
    });
    expect(rowsOf(batch, 'metric_metadata')).toContainEqual({
      metric: COST,
      type: 'counter',
      unit: 'USD',
      help: 'Cost of the Claude Code session',
      seen_at: Date.UTC(2026, 10, 20) / 1000,
    });
  });
});

describe('totals of the recordings', () => {
  test('simple', () => {
    const { batch } = decode(scenario('simple'));
    expect(totals(batch, COST, 'model')).toEqual({ 'claude-sonnet-5-5': 0.034414 });
    expect(totals(batch, TOKENS, 'type')).toEqual({
      input: 12,
      output: 64,
      cacheRead: 0,
      cacheCreation: 13_500,
    });
  });

  test.each(['tools', 'tools-grpc', 'tools-gzip', 'tools-cumulative'])('%s', (name) => {
    const { batch } = decode(scenario(name));
    expect(totals(batch, COST, 'query_source')).toEqual({ main: 0.048074 });
    expect(totals(batch, 'claude_code_lines_of_code_count_total', 'type').added).toBe(5);
  });

  test.each(['multi-turn', 'multi-turn-json', 'multi-turn-grpc', 'multi-turn-cumulative'])('%s', (name) => {
    const { batch } = decode(scenario(name));
    expect(totals(batch, COST, 'service_name')).toEqual({ 'claude-code': 0.050474 });
  });

  test('tools on another model cost something else', () => {
    const { batch } = decode(scenario('tools-v2.1.197'));
    expect(totals(batch, COST, 'service_name')).toEqual({ 'claude-code': 0.080499 });
  });

  test('two models', () => {
    const { batch } = decode(scenario('two-models'));
    expect(totals(batch, COST, 'model')).toEqual({
      'claude-opus-4-6': 0.107695,
      'claude-haiku-5-5': 0.0019324,
    });
  });

  test('delta and cumulative recordings of the same work have the same token totals', () => {
    const delta = totals(decode(scenario('multi-turn')).batch, TOKENS, 'type');
    const cumulative = totals(decode(scenario('multi-turn-cumulative')).batch, TOKENS, 'type');
    expect(cumulative).toEqual(delta);
    expect(delta.input).toBeGreaterThan(0);
  });
});

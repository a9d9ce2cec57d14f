import { describe, expect, test } from 'vitest';
import {
  type MetricKind,
  prometheusLabelName,
  prometheusMetricName,
  prometheusUnit,
} from './prometheus-names.ts';

/** OpenTelemetry name, unit, kind, Prometheus name. The words are those Prometheus 3 gives for the same input. */
const NAMES: readonly (readonly [string, string, MetricKind, string | undefined])[] = [
  ['claude_code.token.usage', 'tokens', 'counter', 'claude_code_token_usage_tokens_total'],
  ['claude_code.cost.usage', 'USD', 'counter', 'claude_code_cost_usage_USD_total'],
  ['claude_code.active_time.total', 's', 'counter', 'claude_code_active_time_seconds_total'],
  ['claude_code.session.count', '', 'counter', 'claude_code_session_count_total'],
  ['claude_code.lines_of_code.count', '', 'counter', 'claude_code_lines_of_code_count_total'],
  ['claude_code.code_edit_tool.decision', '', 'counter', 'claude_code_code_edit_tool_decision_total'],
  ['gen_ai.client.token.usage', '{token}', 'histogram', 'gen_ai_client_token_usage'],
  ['gen_ai.client.operation.duration', 's', 'histogram', 'gen_ai_client_operation_duration_seconds'],
  ['requests', '', 'counter', 'requests_total'],
  ['requests_total', '', 'counter', 'requests_total'],
  ['total.requests', '', 'counter', 'requests_total'],
  ['requests_total', '', 'gauge', 'requests_total'],
  ['cpu.utilization', '1', 'gauge', 'cpu_utilization_ratio'],
  ['hit_ratio', '1', 'gauge', 'hit_ratio'],
  ['items', '1', 'counter', 'items_total'],
  ['queue', '1', 'up_down_counter', 'queue'],
  ['latency', 'ms', 'gauge', 'latency_milliseconds'],
  ['latency', 'us', 'gauge', 'latency_microseconds'],
  ['latency', 'ns', 'summary', 'latency_nanoseconds'],
  ['wait', 'min', 'gauge', 'wait_minutes'],
  ['wait', 'h', 'gauge', 'wait_hours'],
  ['uptime', 'd', 'gauge', 'uptime_days'],
  ['response_time_seconds', 's', 'gauge', 'response_time_seconds'],
  ['memory', 'By', 'gauge', 'memory_bytes'],
  ['memory.bytes.used', 'By', 'gauge', 'memory_bytes_used'],
  ['memory', 'KiBy', 'gauge', 'memory_kibibytes'],
  ['memory', 'MiBy', 'gauge', 'memory_mebibytes'],
  ['memory', 'GiBy', 'gauge', 'memory_gibibytes'],
  ['memory', 'TiBy', 'gauge', 'memory_tibibytes'],
  ['memory', 'MBy', 'gauge', 'memory_megabytes'],
  ['fan', 'Hz', 'gauge', 'fan_hertz'],
  ['room', 'Cel', 'gauge', 'room_celsius'],
  ['cpu', '%', 'gauge', 'cpu_percent'],
  ['length', 'm', 'gauge', 'length_meters'],
  ['throughput', 'By/s', 'gauge', 'throughput_bytes_per_second'],
  ['requests', '1/s', 'counter', 'requests_per_second_total'],
  ['requests', '{request}/m', 'gauge', 'requests_per_minute'],
  ['speed', 'km/h', 'gauge', 'speed_km_per_hour'],
  ['speed', 'km/°', 'gauge', 'speed_km'],
  ['invoices', '1/mo', 'gauge', 'invoices_per_month'],
  ['rate', 'By/{request}', 'gauge', 'rate_bytes'],
  ['both', '{a}/{b}', 'gauge', 'both'],
  ['m', ' By / s ', 'gauge', 'm_bytes_per_second'],
  ['m', 'By/', 'gauge', 'm_bytes'],
  ['m', '/', 'gauge', 'm'],
  ['custom', 'unit@with#special/chars', 'gauge', 'custom_unit_with_special_per_chars'],
  ['dropped', 'nonstandard:_1', 'gauge', 'dropped_nonstandard:_1'],
  ['temperature', '%*()°:C', 'gauge', 'temperature_:C'],
  ['a__b___c', 'x__y', 'gauge', 'a_b_c_x_y'],
  ['3.14 digits', '', 'gauge', '_3_14_digits'],
  [':foo::bar', '', 'counter', ':foo::bar_total'],
  ['metric_with_字符_foreign', '', 'counter', 'metric_with_foreign_total'],
  ['  spaces around ', '', 'gauge', 'spaces_around'],
  ['@#$%', '', 'gauge', undefined],
  ['', '', 'histogram', undefined],
  ['_', '', 'gauge', undefined],
];

describe('metric names', () => {
  test.each(NAMES)('%s in %s as %s', (name, unit, kind, expected) => {
    expect(prometheusMetricName(name, unit, kind)).toBe(expected);
  });
});

describe('units of metadata', () => {
  test.each([
    ['s', 'seconds'],
    ['By/s', 'bytes_per_second'],
    ['1', ''],
    ['1/s', 'per_second'],
    ['{token}', ''],
    ['tokens', 'tokens'],
    ['USD', 'USD'],
    ['', ''],
  ])('%s', (unit, expected) => {
    expect(prometheusUnit(unit)).toBe(expected);
  });
});

describe('label names', () => {
  test.each([
    ['session.id', 'session_id'],
    ['label:with:colons', 'label_with_colons'],
    ['LabelWithCapitals', 'LabelWithCapitals'],
    ['label!with&special$chars)', 'label_with_special_chars_'],
    ['with_字符', 'with___'],
    ['emoji😀key', 'emoji_key'],
    ['123label', 'key_123label'],
    ['_hidden', 'key_hidden'],
    ['.hidden', 'key_hidden'],
    ['__reserved__', '__reserved__'],
    ['', undefined],
    ['__', undefined],
    ['ようこそ', undefined],
  ])('%s', (key, expected) => {
    expect(prometheusLabelName(key)).toBe(expected);
  });
});

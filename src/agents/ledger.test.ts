import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  Attributes,
  AttributeValue,
  ObservedLog,
  ObservedPoint,
  ObservedSpan,
  Origin,
} from '../model/telemetry.ts';
import { createBatch, nativeBlock } from '../store/index.ts';
import { rowsOf } from '../store/testing/native-rows.ts';
import { createAgentLedger } from './ledger.ts';

const AT_MS = Date.UTC(2026, 10, 20, 12);

function attributesOf(values: Record<string, AttributeValue>): Attributes {
  const types = Object.values(values).map((value) =>
    typeof value === 'number'
      ? Number.isInteger(value)
        ? 'i'
        : 'd'
      : typeof value === 'boolean'
        ? 'b'
        : 's',
  );
  return { values: new Map(Object.entries(values)), types: types.join('') };
}

function originOf(
  changes: Partial<Omit<Origin, 'resource'>> & { resource?: Record<string, AttributeValue> } = {},
): Origin {
  const { resource = {}, ...rest } = changes;
  return {
    streamId: 7n,
    serviceName: 'claude-code',
    scopeName: 'com.anthropic.claude_code.events',
    scopeVersion: '2.1.329',
    ...rest,
    resource: attributesOf({ 'service.name': 'claude-code', ...resource }),
  };
}

function logOf(name: string, attributes: Record<string, AttributeValue> = {}, tsMs = AT_MS): ObservedLog {
  return {
    tsMs,
    eventName: '',
    body: `claude_code.${name}`,
    attributes: attributesOf({ 'session.id': 's-1', 'event.name': name, ...attributes }),
    traceId: undefined,
    spanId: undefined,
  };
}

function spanOf(
  name: string,
  attributes: Record<string, AttributeValue>,
  changes: Partial<ObservedSpan> = {},
): ObservedSpan {
  return {
    name,
    startMs: AT_MS,
    durationMs: 250,
    statusCode: 0,
    statusMessage: '',
    attributes: attributesOf(attributes),
    traceId: new Uint8Array(16).fill(1),
    spanId: new Uint8Array(8).fill(2),
    parentSpanId: undefined,
    ...changes,
  };
}

function pointOf(
  metric: string,
  attributes: Record<string, AttributeValue>,
  changes: Partial<ObservedPoint> = {},
): ObservedPoint {
  return {
    metric,
    tsMs: AT_MS,
    startMs: AT_MS - 1000,
    value: 1,
    isDelta: true,
    isMonotonic: true,
    attributes: attributesOf({ 'session.id': 's-1', ...attributes }),
    seriesId: 9n,
    ...changes,
  };
}

function lab() {
  const batch = createBatch();
  const failures: unknown[] = [];
  const ledger = createAgentLedger({ batch: () => batch, onFailure: (_, error) => failures.push(error) });
  return {
    ledger,
    failures,
    batch,
    events: () => rowsOf(batch.agent_events),
    points: () => rowsOf(batch.agent_points),
  };
}

describe('events of Claude Code', () => {
  it('reads numbers and booleans that were sent as strings', () => {
    const { ledger, events } = lab();
    ledger.log(
      originOf(),
      logOf('api_request', {
        model: 'claude-sonnet-5-5',
        input_tokens: '12',
        output_tokens: '64',
        cost_usd: '0.034414',
        duration_ms: '76',
      }),
    );
    ledger.log(originOf(), logOf('tool_result', { tool_name: 'Bash', success: 'false', duration_ms: '12' }));
    expect(events()).toMatchObject([
      { kind: 'api_request', input_tokens: 12n, output_tokens: 64n, cost_micros: 34_414n, duration_ms: 76 },
      { kind: 'tool_call', failed: 1, duration_ms: 12 },
    ]);
  });

  it('prefers the exact integer cost, and prices a request without a cost itself', () => {
    const { ledger, events } = lab();
    const tokens = {
      model: 'claude-haiku-5-5',
      input_tokens: 12,
      output_tokens: 64,
      cache_creation_tokens: 13_500,
    };
    ledger.log(originOf(), logOf('api_request', { ...tokens, cost_usd: 0.5, cost_usd_micros: 1721 }));
    ledger.log(originOf(), logOf('api_request', { ...tokens, request_id: 'r2' }));
    ledger.log(originOf(), logOf('api_request', { ...tokens, model: 'claude-next-9', request_id: 'r3' }));
    expect(events().map((row) => [row.cost_micros, row.cost_basis])).toEqual([
      [1721n, 0],
      [1721n, 1],
      [0n, 2],
    ]);
  });

  it.each([
    ['repl_main_thread', 'main', ''],
    ['repl_main_thread:outputStyle:custom', 'main', ''],
    ['sdk', 'main', ''],
    ['compact', 'auxiliary', ''],
    ['generate_session_title', 'auxiliary', ''],
    ['agent:builtin:general-purpose', 'subagent', 'general-purpose'],
    ['agent.builtin.Explore', 'subagent', 'Explore'],
    ['agent:custom', 'subagent', 'custom'],
    ['subagent', 'subagent', ''],
  ])('query_source %s is %s', (raw, source, agent) => {
    const { ledger, events } = lab();
    ledger.log(originOf(), logOf('api_request', { query_source: raw }));
    expect(events()[0]).toMatchObject({ query_source: source, agent_name: agent });
  });

  it('an agent id without a source is a subagent', () => {
    const { ledger, events } = lab();
    ledger.log(originOf(), logOf('tool_result', { agent_id: 'a1' }));
    expect(events()[0]).toMatchObject({ query_source: 'subagent', agent_id: 'a1' });
  });

  it('tells slash commands from prompts, and start-up records from both', () => {
    const { ledger, events } = lab();
    ledger.log(originOf(), logOf('user_prompt', {}));
    ledger.log(originOf(), logOf('user_prompt', { command_name: 'exit' }));
    ledger.log(originOf(), logOf('plugin_loaded', {}));
    ledger.log(originOf(), logOf('something_new', {}));
    expect(events().map((row) => row.kind)).toEqual(['prompt', 'command', 'start', 'other']);
  });

  it('takes the name from the body or the OTLP field when the attribute is missing', () => {
    const { ledger, events } = lab();
    const bare = { ...logOf('x'), attributes: attributesOf({ 'session.id': 's-1' }) };
    ledger.log(originOf(), { ...bare, body: 'claude_code.compaction' });
    ledger.log(originOf(), { ...bare, body: '', eventName: 'claude_code.api_refusal' });
    expect(events().map((row) => [row.name, row.kind])).toEqual([
      ['compaction', 'compaction'],
      ['api_refusal', 'refusal'],
    ]);
  });

  it('a repeat has the same id; another place, session, time or process step has not', () => {
    const { ledger, events } = lab();
    const base = { 'event.sequence': 4, 'prompt.id': 'p' };
    ledger.log(originOf(), logOf('user_prompt', base));
    ledger.log(originOf(), logOf('user_prompt', base));
    ledger.log(originOf(), logOf('user_prompt', { ...base, 'event.sequence': 5 }));
    ledger.log(originOf(), logOf('user_prompt', base, AT_MS + 1));
    ledger.log(originOf(), logOf('user_prompt', { ...base, 'session.id': 's-2' }));
    ledger.log(originOf(), logOf('plugin_loaded', { 'plugin.name': 'a' }));
    ledger.log(originOf(), logOf('plugin_loaded', { 'plugin.name': 'b' }));
    const ids = events().map((row) => row.event_id);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(6);
  });

  it('names the user by e-mail, then by the resource, then by installation', () => {
    const { ledger, events } = lab();
    const installation = { 'user.id': 'f00d' };
    ledger.log(originOf(), logOf('user_prompt', installation));
    ledger.log(
      originOf({ streamId: 8n, resource: { 'enduser.id': 'ann' } }),
      logOf('user_prompt', installation),
    );
    ledger.log(originOf(), logOf('user_prompt', { ...installation, 'user.email': 'ann@example.com' }));
    expect(events().map((row) => row.user)).toEqual(['f00d', 'ann', 'ann@example.com']);
  });

  it('marks demonstration data', () => {
    const { ledger, events, points } = lab();
    const demo = originOf({ resource: { 'bellwether.demo': true } });
    ledger.log(demo, logOf('user_prompt'));
    ledger.point(demo, pointOf('claude_code.cost.usage', {}));
    expect(events()[0]!.demo).toBe(1);
    expect(points()[0]!.demo).toBe(1);
  });

  it('makes up one session per resource, user and day for records without a session', () => {
    const { ledger, events } = lab();
    const none = { 'session.id': '', 'user.id': 'u' };
    ledger.log(originOf(), logOf('user_prompt', none));
    ledger.log(originOf(), logOf('api_request', none, AT_MS + 1000));
    ledger.log(originOf(), logOf('user_prompt', { ...none, 'user.id': 'v' }));
    ledger.log(originOf(), logOf('user_prompt', none, AT_MS + 86_400_000));
    ledger.log(originOf({ streamId: 8n, resource: { 'host.name': 'b' } }), logOf('user_prompt', none));
    const ids = events().map((row) => row.session_id);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(4);
    expect(ids.every((id) => /^no-session:[0-9a-f]{16}$/.test(String(id)))).toBe(true);
  });

  it('bounds what one record can store', () => {
    const { ledger, events } = lab();
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, 'v'.repeat(1000)]));
    ledger.log(
      originOf(),
      logOf('api_error', { error: '\u{1f600}'.repeat(5000), 'session.id': 'x'.repeat(1000) }),
    );
    ledger.log(originOf(), logOf('api_error', many));
    const [long, wide] = events();
    expect(String(long!.session_id)).toHaveLength(128);
    expect(String(long!.error).length).toBeLessThanOrEqual(2048);
    expect(String(long!.error)).not.toContain('\ufffd');
    const stored = wide!.attributes as [string, string][];
    expect(stored.length).toBeLessThanOrEqual(128);
    expect(stored.reduce((sum, [, value]) => sum + value.length, 0)).toBeLessThan(40_000);
    expect(String(wide!.attribute_types)).toHaveLength(stored.length);
  });
});

describe('spans', () => {
  const sdk = originOf({
    scopeName: 'com.anthropic.sdk.typescript',
    scopeVersion: '1.11.0',
    serviceName: 'bot',
  });

  it('the time of a span is its end', () => {
    const { ledger, events } = lab();
    const tracing = originOf({ scopeName: 'com.anthropic.claude_code.tracing' });
    ledger.span(tracing, spanOf('claude_code.interaction', { 'session.id': 's-1', user_prompt: 'hello' }));
    ledger.span(tracing, spanOf('claude_code.interaction', { 'session.id': 's-1', user_prompt: '/exit' }));
    expect(events()).toMatchObject([
      { kind: 'prompt', ts: BigInt(AT_MS + 250), duration_ms: 250, origin: 'span', client_version: '' },
      { kind: 'command' },
    ]);
  });

  it('conventions: input includes the cache, under newer and older names', () => {
    const { ledger, events } = lab();
    const common = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'claude-sonnet-5-5',
      'gen_ai.conversation.id': 'c',
    };
    ledger.span(
      sdk,
      spanOf('chat', {
        ...common,
        'gen_ai.usage.input_tokens': 13_512,
        'gen_ai.usage.cache_write.input_tokens': 13_000,
        'gen_ai.usage.cache_read.input_tokens': 500,
      }),
    );
    ledger.span(
      sdk,
      spanOf('chat', {
        ...common,
        'gen_ai.usage.prompt_tokens': 13_512,
        'gen_ai.usage.completion_tokens': 3,
        'gen_ai.usage.cache_creation_input_tokens': 13_500,
      }),
    );
    // An instrumentation that passes on the API's own figure, without the cache.
    ledger.span(
      sdk,
      spanOf('chat', {
        ...common,
        'gen_ai.usage.input_tokens': 12,
        'gen_ai.usage.cache_read.input_tokens': 13_500,
      }),
    );
    expect(events()).toMatchObject([
      { input_tokens: 12n, cache_creation_tokens: 13_000n, cache_read_tokens: 500n },
      { input_tokens: 12n, output_tokens: 3n, cache_creation_tokens: 13_500n },
      { input_tokens: 12n, cache_read_tokens: 13_500n },
    ]);
  });

  it('one-hour cache writes, batches and unknown models', () => {
    const { ledger, events } = lab();
    const chat = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.usage.output_tokens': 1000,
      'gen_ai.response.model': 'claude-opus-5',
    };
    ledger.span(sdk, spanOf('chat', { ...chat, 'anthropic.response.service_tier': 'batch' }));
    ledger.span(
      sdk,
      spanOf('chat', {
        ...chat,
        'gen_ai.usage.output_tokens': 0,
        'gen_ai.usage.input_tokens': 1000,
        'gen_ai.usage.cache_write.input_tokens': 1000,
        'anthropic.usage.cache_creation.ephemeral_1h_input_tokens': 1000,
      }),
    );
    ledger.span(sdk, spanOf('chat', { ...chat, 'gen_ai.response.model': 'other-model' }));
    expect(events().map((row) => [row.cost_micros, row.cost_basis])).toEqual([
      [12_500n, 1],
      [10_000n, 1],
      [0n, 2],
    ]);
  });

  it("the API's own spans count only as requests with a conversation", () => {
    const { ledger, events } = lab();
    const api = originOf({ scopeName: 'com.anthropic.claude-platform', serviceName: 'claude-platform' });
    const chat = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'claude-opus-5',
      'gen_ai.usage.output_tokens': 5,
    };
    ledger.span(api, spanOf('anthropic.messages.create', { ...chat, 'http.request.method': 'POST' }));
    ledger.span(
      api,
      spanOf('anthropic.messages.create', {
        ...chat,
        'http.request.method': 'POST',
        'gen_ai.conversation.id': 'c',
      }),
    );
    ledger.span(api, spanOf('anthropic.model_run', { ...chat, 'gen_ai.conversation.id': 'c' }));
    expect(events()).toMatchObject([
      { kind: 'api_request', origin: 'server', session_id: 'c', output_tokens: 5n },
      { kind: 'other', output_tokens: 0n, cost_micros: 0n },
    ]);
  });

  it('an agent span repeats nothing of its calls', () => {
    const { ledger, events } = lab();
    const agent = {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.request.model': 'claude-opus-5',
    };
    ledger.span(sdk, spanOf('invoke_agent', agent));
    expect(events()[0]).toMatchObject({ kind: 'other', input_tokens: 0n, cost_micros: 0n });
  });
});

describe('points', () => {
  it('keeps what the counters measure', () => {
    const { ledger, points } = lab();
    const metrics = originOf({ scopeName: 'com.anthropic.claude_code' });
    ledger.point(
      metrics,
      pointOf(
        'claude_code.token.usage',
        { type: 'cacheRead', model: 'm', query_source: 'main' },
        { value: 5 },
      ),
    );
    ledger.point(metrics, pointOf('claude_code.cost.usage', {}, { isDelta: false, startMs: 0, value: 0.5 }));
    ledger.point(
      metrics,
      pointOf('claude_code.code_edit_tool.decision', { decision: 'reject', tool_name: 'Edit' }),
    );
    expect(points()).toMatchObject([
      { measure: 'tokens', part: 'cacheRead', value: 5, is_delta: 1, model: 'm' },
      { measure: 'cost', part: '', value: 0.5, is_delta: 0, start_ts: 0n },
      { measure: 'decisions', part: 'reject', tool_name: 'Edit' },
    ]);
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, 1e300])('refuses the value %s', (value) => {
    const { ledger, points } = lab();
    ledger.point(originOf(), pointOf('claude_code.cost.usage', {}, { value }));
    expect(points()).toEqual([]);
  });

  it('leaves other metrics alone', () => {
    const { ledger, points } = lab();
    ledger.point(originOf(), pointOf('http.server.duration', {}));
    ledger.point(originOf(), pointOf('toString', {}));
    expect(points()).toEqual([]);
  });
});

describe('which scopes are looked into', () => {
  const other = originOf({ serviceName: 'web', scopeName: 'express' });

  it('Claude always, GenAI scopes for traces only', () => {
    const { ledger } = lab();
    const sdk = originOf({ serviceName: 'bot', scopeName: 'com.anthropic.sdk.python' });
    const genai = originOf({ serviceName: 'bot', scopeName: 'opentelemetry.instrumentation.anthropic' });
    const renamed = originOf({ serviceName: 'claude-code', scopeName: '' });
    for (const signal of ['logs', 'metrics', 'traces'] as const) {
      expect(ledger.wants(signal, originOf())).toBe(true);
      expect(ledger.wants(signal, renamed)).toBe(true);
      expect(ledger.wants(signal, sdk)).toBe(signal === 'traces');
      expect(ledger.wants(signal, genai)).toBe(signal === 'traces');
    }
  });

  it('an unknown scope is looked into at first, and rarely later', () => {
    const { ledger, events } = lab();
    const wanted = Array.from({ length: 6400 }, () => ledger.wants('logs', other)).filter(Boolean);
    expect(wanted.length).toBe(16 + 100);
    ledger.log(other, { ...logOf('x'), body: 'GET / 200', attributes: attributesOf({}) });
    expect(events()).toEqual([]);
  });

  it('an unknown scope in which something was found is always looked into', () => {
    const { ledger, events } = lab();
    ledger.log(other, logOf('user_prompt'));
    ledger.span(
      other,
      spanOf('call', { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'claude-opus-5' }),
    );
    ledger.point(other, pointOf('claude_code.cost.usage', {}));
    expect(events()).toHaveLength(2);
    for (const signal of ['logs', 'traces', 'metrics'] as const) {
      for (let i = 0; i < 1000; i++) expect(ledger.wants(signal, other)).toBe(true);
    }
  });
});

describe('touched sessions', () => {
  it('are told once and bounded', () => {
    const { ledger } = lab();
    ledger.log(originOf(), logOf('user_prompt'));
    ledger.point(originOf(), pointOf('claude_code.cost.usage', {}));
    expect(ledger.takeTouched()).toEqual({ sessionIds: ['s-1'], isTruncated: false });
    expect(ledger.takeTouched()).toEqual({ sessionIds: [], isTruncated: false });
    for (let i = 0; i < 10_001; i++) ledger.log(originOf(), logOf('user_prompt', { 'session.id': `s${i}` }));
    const touched = ledger.takeTouched();
    expect(touched.sessionIds).toHaveLength(10_000);
    expect(touched.isTruncated).toBe(true);
  });
});

const hostileValue: fc.Arbitrary<AttributeValue> = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.double(),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 20 }),
    fc.constantFrom('NaN', '-1', '1e400', 'true', '\ud800', '0x10', ' 5 '),
    fc.array(tie('value'), { maxLength: 3 }) as fc.Arbitrary<AttributeValue>,
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 3 }) as fc.Arbitrary<AttributeValue>,
  ),
})).value;

const KNOWN_KEYS = [
  'session.id',
  'user.id',
  'user.email',
  'event.name',
  'event.sequence',
  'prompt.id',
  'model',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_creation_tokens',
  'cost_usd',
  'cost_usd_micros',
  'duration_ms',
  'attempt',
  'status_code',
  'success',
  'error',
  'query_source',
  'agent.name',
  'agent_id',
  'command_name',
  'tool_name',
  'decision',
  'type',
  'gen_ai.operation.name',
  'gen_ai.conversation.id',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.cache_read.input_tokens',
  'gen_ai.request.model',
  'http.request.resend_count',
  '__proto__',
  'toString',
];

describe('hostile input', () => {
  const attributes: fc.Arbitrary<Attributes> = fc
    .record({
      entries: fc.array(
        fc.tuple(fc.oneof(fc.constantFrom(...KNOWN_KEYS), fc.string({ maxLength: 12 })), hostileValue),
        {
          maxLength: 20,
        },
      ),
      types: fc.string({ maxLength: 20 }),
    })
    .map(({ entries, types }) => ({ values: new Map(entries), types }));
  const names = fc.constantFrom(
    'user_prompt',
    'api_request',
    'api_error',
    'tool_result',
    'tool_decision',
    'constructor',
    '',
  );
  const times = fc.oneof(fc.double(), fc.integer({ min: 0, max: 2 ** 42 }));

  it('never throws, and leaves rows that can be written', () => {
    const property = fc.property(
      attributes,
      attributes,
      names,
      times,
      fc.double(),
      (resource, own, name, time, value) => {
        const { ledger, failures, batch } = lab();
        const origin = { ...originOf(), resource };
        const ids = { traceId: new Uint8Array(3), spanId: new Uint8Array(8), parentSpanId: undefined };
        const log = {
          tsMs: time,
          eventName: name,
          body: `claude_code.${name}`,
          attributes: own,
          traceId: undefined,
          spanId: ids.spanId,
        };
        ledger.log(origin, log);
        for (const spanName of ['claude_code.llm_request', 'claude_code.tool', 'chat']) {
          ledger.span(origin, {
            ...spanOf(spanName, {}),
            ...ids,
            attributes: own,
            startMs: time,
            durationMs: value,
          });
        }
        for (const metric of ['claude_code.cost.usage', 'claude_code.token.usage']) {
          ledger.point(origin, {
            ...pointOf(metric, {}),
            attributes: own,
            tsMs: time,
            startMs: value,
            value,
          });
        }
        expect(failures).toEqual([]);
        nativeBlock(batch.agent_events);
        nativeBlock(batch.agent_points);
        for (const row of rowsOf(batch.agent_events)) {
          expect(BigInt(row.cost_micros as bigint) >= 0n).toBe(true);
          expect(Number.isFinite(row.duration_ms)).toBe(true);
          expect((row.attributes as unknown[]).length).toBe(String(row.attribute_types).length);
        }
      },
    );
    fc.assert(property, { numRuns: 300 });
  });
});

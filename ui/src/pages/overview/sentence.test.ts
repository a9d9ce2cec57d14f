import type { Overview } from '@contract';
import { expect, it } from 'vitest';
import { ago, sessionWith } from '../session-fixture.ts';
import type { AttentionItem } from './attention.ts';
import { statusSentence } from './sentence.ts';

const figures: Overview['current'] = {
  cost_usd: 42.1,
  cost_complete: true,
  input_tokens: 0,
  output_tokens: 0,
  cache_read_tokens: 0,
  cache_creation_tokens: 0,
  api_requests: 0,
  api_errors: 0,
  sessions: 1,
  tool_calls: 0,
  tool_failures: 0,
  prompts: 0,
  latency_p95_ms: null,
};

function overviewWith(fields: Partial<Overview>): Overview {
  return {
    from: ago(86_400),
    to: ago(0),
    step_ms: 3_600_000,
    current: figures,
    previous: { ...figures, cost_usd: 35.68 },
    live: [],
    spend: { times: [], models: [] },
    series: {
      times: [],
      tokens: [],
      sessions: [],
      errors: [],
      requests: [],
      cache_hit: [],
      latency_p95_ms: [],
    },
    ...fields,
  };
}

const problem: AttentionItem = {
  id: 'x',
  tone: 'bad',
  title: '',
  detail: '',
  atMs: null,
  demo: false,
  target: null,
};

const today = { rangeLabel: 'Today', alertCount: 0 };

it('says that all is well, who works, and what it costs against before', () => {
  const live = [
    sessionWith({}),
    sessionWith({ session_id: 'b' }),
    sessionWith({ session_id: 'c', state: 'waiting' }),
  ];
  expect(statusSentence(overviewWith({ live }), [], { rangeLabel: 'Last 24 hours', alertCount: 0 })).toEqual({
    tone: 'ok',
    headline: 'Nothing needs attention.',
    rest: '2 agents running, 1 waiting for a person. $42.10 spent in the last 24 hours, 18% more than before.',
  });
});

it('leads with what is wrong', () => {
  expect(statusSentence(overviewWith({}), [problem], today)).toMatchObject({
    tone: 'bad',
    headline: '1 thing needs attention.',
  });
  expect(statusSentence(overviewWith({}), [problem, problem], today).headline).toBe(
    '2 things need attention.',
  );
});

it.each([
  [1, 0, '1 alert fires.'],
  [2, 1, '2 alerts fire, 1 other thing needs attention.'],
  [120, 2, '120 alerts fire, 2 other things need attention.'],
])('names %i alerts before %i other things', (alertCount, others, headline) => {
  const alert: AttentionItem = { ...problem, target: { page: 'alert', fingerprint: 'a' } };
  const items = [alert, ...Array.from({ length: others }, () => problem)];
  const sentence = statusSentence(overviewWith({}), items, { rangeLabel: 'Today', alertCount });
  expect(sentence).toMatchObject({ tone: 'bad', headline });
});

it.each([
  ['Today', 'spent today,'],
  ['This week', 'spent this week,'],
  ['Nov 20, 14:00 – 15:00', 'spent in this range,'],
])('fits the range %s into the sentence', (label, part) => {
  expect(statusSentence(overviewWith({}), [], { rangeLabel: label, alertCount: 0 }).rest).toContain(part);
});

it('never claims a price it does not know', () => {
  const unknown = { ...figures, cost_usd: 0, cost_complete: false };
  expect(statusSentence(overviewWith({ current: unknown }), [], today).rest).toContain('price missing');
  const nothing = { ...figures, cost_usd: 0 };
  expect(statusSentence(overviewWith({ current: nothing }), [], today).rest).toBe(
    'No agent is running. Nothing spent today.',
  );
});

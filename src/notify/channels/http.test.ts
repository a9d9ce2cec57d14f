import { describe, expect, test } from 'vitest';
import { OutboundError, type OutboundRequest, type OutboundResponse } from '../../lib/outbound.ts';
import { DeliveryError } from '../channel.ts';
import { type HttpContext, parseRetryAfterMs, postForm, postJson, toJson } from './http.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 9);

function contextFor(answer: Partial<Omit<OutboundResponse, 'body'>> & { body?: string }) {
  const requests: OutboundRequest[] = [];
  const context: HttpContext = {
    http: {
      async request(request) {
        requests.push(request);
        const { body = '', ...rest } = answer;
        return {
          status: 200,
          statusText: 'OK',
          headers: {},
          receivedBytes: 0,
          url: '',
          ...rest,
          body: Buffer.from(body),
        };
      },
      close: async () => {},
    },
    timeoutMs: 1234,
    signal: new AbortController().signal,
    nowMs: NOW_MS,
    redact: (text) => text.replaceAll('hunter2', '<secret>'),
  };
  return { context, requests };
}

async function failure(answer: Parameters<typeof contextFor>[0]): Promise<DeliveryError> {
  const { context } = contextFor(answer);
  const error = await postJson(context, { url: 'http://x', body: {} }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DeliveryError);
  return error as DeliveryError;
}

describe('requests', () => {
  test('JSON', async () => {
    const { context, requests } = contextFor({ body: '{"a":1}' });
    const answer = await postJson(context, {
      url: 'http://x/y',
      body: { text: '\ud83d' },
      headers: { a: 'b' },
    });
    expect(answer).toMatchObject({ status: 200, detail: '200 OK', text: '{"a":1}' });
    expect(answer.json()).toEqual({ a: 1 });
    expect(requests).toEqual([
      {
        url: 'http://x/y',
        method: 'POST',
        headers: { 'user-agent': 'Bellwether', 'content-type': 'application/json', a: 'b' },
        body: '{"text":"\ufffd"}',
        timeoutMs: 1234,
        maxBodyBytes: 262_144,
        signal: context.signal,
      },
    ]);
  });

  test('forms', async () => {
    const { context, requests } = contextFor({ status: 201, statusText: 'Created' });
    await postForm(context, { url: 'http://x', fields: [['a b', 'ä&\ud83d']] });
    expect(requests[0]?.body).toBe('a+b=%C3%A4%26%EF%BF%BD');
    expect(toJson({ a: [undefined, '\udc00'] })).toBe('{"a":[null,"\ufffd"]}');
  });

  test('no answer is passed on', async () => {
    const { context } = contextFor({});
    const error = new OutboundError('outbound_timeout', 'late');
    const broken = { ...context, http: { ...context.http, request: () => Promise.reject(error) } };
    await expect(postJson(broken, { url: 'http://x', body: {} })).rejects.toBe(error);
  });
});

describe('answers', () => {
  test.each([
    [200, 'delivered'],
    [204, 'delivered'],
    [301, false],
    [400, false],
    [401, false],
    [404, false],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
  ])('%i', async (status, expected) => {
    const { context } = contextFor({ status });
    const result = await postJson(context, { url: 'http://x', body: {} }).then(
      () => 'delivered' as const,
      (error: DeliveryError) => error.isRetryable,
    );
    expect(result).toBe(expected);
  });

  test('the beginning of the body is quoted, clean and without secrets', async () => {
    const body = `no\r\n\0 hunter2 ${'x'.repeat(500)}`;
    const { message } = await failure({ status: 403, statusText: 'Forbidden', body });
    expect(message).toMatch(/^403 Forbidden: no \ufffd <secret> x+…$/);
    expect(message.length).toBe('403 Forbidden: '.length + 200);
    // A secret across the end of what is quoted.
    const late = await failure({ status: 403, statusText: 'Forbidden', body: `${'x'.repeat(196)}hunter2` });
    expect(late.message).not.toContain('hun');
    expect((await failure({ status: 500, statusText: '' })).message).toBe('500');
  });

  test('Retry-After counts for what may be tried again', async () => {
    const headers = { 'retry-after': '7' };
    expect((await failure({ status: 429, headers })).retryAfterMs).toBe(7000);
    expect((await failure({ status: 503, headers })).retryAfterMs).toBe(7000);
    expect((await failure({ status: 400, headers })).retryAfterMs).toBeUndefined();
  });
});

test.each([
  ['120', 120_000],
  [' 0 ', 0],
  ['1.5', 1500],
  ['Fri, 20 Nov 2026 09:00:30 GMT', 30_000],
  ['Fri, 20 Nov 2026 08:00:00 GMT', 0],
  ['-5', undefined],
  ['soon', undefined],
  ['1e9', undefined],
  ['99999999999', undefined],
  ['2026-11-20', undefined],
  ['', undefined],
  [undefined, undefined],
])('Retry-After: %s', (text, expected) => {
  expect(parseRetryAfterMs(text, NOW_MS)).toBe(expected);
});

import { afterEach, describe, expect, test } from 'vitest';
import { exampleAlert, type HttpReceived, jsonOf, startHttpStandIn } from './channel-suite.ts';
import { BOT_TOKEN, CHAT_ID, startTelegram, telegramExample, telegramText } from './telegram.example.ts';
import { isTelegramUrl, telegram } from './telegram.ts';
import { attempt, closeStandIns, delivered, started } from './testing.ts';

afterEach(closeStandIns);

const resolved = { alerts: [exampleAlert({ status: 'resolved' })] };

/** A Telegram that answers with what it is told to, in order; the last answer again and again. */
function answering(...answers: { status?: number; body: object }[]) {
  let count = 0;
  return startHttpStandIn({
    answer() {
      const { status = 200, body } = answers[Math.min(count++, answers.length - 1)]!;
      return { status, body: JSON.stringify(body) };
    },
  });
}

const settingsFor = (url: string, more: object = {}) => ({
  api_url: url,
  bot_token: BOT_TOKEN,
  chat_id: CHAT_ID,
  ...more,
});
const buttonsOf = (request: HttpReceived): { text: string; url?: string; callback_data?: string }[] =>
  jsonOf(request).reply_markup?.inline_keyboard.flat() ?? [];

describe('conversations', () => {
  test('later messages reply to the first, and a new incident begins anew', async () => {
    const standIn = await started(startTelegram);
    const settings = telegramExample.settings(standIn);
    const first = await delivered(telegram, settings);
    const second = await delivered(telegram, settings, { previous: first });
    const third = await delivered(telegram, settings, { previous: second, notification: resolved });
    await delivered(telegram, settings, { previous: third });
    expect(standIn.mistakes).toEqual([]);
    expect(standIn.requests.map((request) => jsonOf(request).reply_parameters?.message_id)).toEqual([
      undefined,
      101,
      101,
      undefined,
    ]);
  });

  test('update_message: the end changes the first message', async () => {
    const standIn = await started(startTelegram);
    const settings = { ...telegramExample.settings(standIn), update_message: true };
    const first = await delivered(telegram, settings);
    await delivered(telegram, settings, { previous: first, notification: resolved });
    const [, edit] = standIn.requests;
    expect(edit!.path).toMatch(/\/editMessageText$/);
    expect(jsonOf(edit!)).toMatchObject({ chat_id: CHAT_ID, message_id: 101 });
    expect(telegramText(edit!)).toMatch(/RESOLVED/);
    expect(standIn.mistakes).toEqual([]);
  });

  test('update_message: a message that is gone is sent again', async () => {
    const standIn = await started(() =>
      answering(
        {
          status: 400,
          body: { ok: false, error_code: 400, description: 'Bad Request: message to edit not found' },
        },
        { body: { ok: true, result: { message_id: 5 } } },
      ),
    );
    const previous = JSON.stringify({ chat: CHAT_ID, message_id: 1 });
    const settings = settingsFor(standIn.url, { update_message: true });
    await delivered(telegram, settings, { previous, notification: resolved });
    expect(standIn.requests.map(({ path }) => path.split('/').at(-1))).toEqual([
      'editMessageText',
      'sendMessage',
    ]);
  });

  test('a state of another chat, or one that cannot be read, counts as none', async () => {
    const standIn = await started(startTelegram);
    const settings = telegramExample.settings(standIn);
    for (const previous of ['{"chat":1,"message_id":7}', '{"mess', '[]', '"x"', '{"message_id":"7"}'])
      await delivered(telegram, settings, { previous });
    for (const request of standIn.requests) expect(jsonOf(request).reply_parameters).toBeUndefined();
  });
});

describe('buttons', () => {
  test('interactive: the bot is called back with the fingerprint', async () => {
    const standIn = await started(startTelegram);
    await delivered(telegram, { ...telegramExample.settings(standIn), interactive: true });
    expect(buttonsOf(standIn.requests[0]!)[0]).toEqual({
      text: 'Acknowledge',
      callback_data: 'ack:0000000000abcdef',
    });
    expect(standIn.mistakes).toEqual([]);
  });

  test('addresses that Telegram refuses are written into the text', async () => {
    const standIn = await started(startTelegram);
    const links = {
      alert: 'http://localhost:8080/alerts/1',
      silence: 'http://bellwether:8080/silences/new',
      acknowledge: 'http://127.0.0.1:8080/ack?a=1&b=2',
      runbook: 'https://runbooks.example/x',
    };
    await delivered(telegram, telegramExample.settings(standIn), {
      notification: { alerts: [exampleAlert({ links })] },
    });
    const [request] = standIn.requests;
    expect(buttonsOf(request!).map(({ text }) => text)).toEqual(['Runbook']);
    expect(telegramText(request!)).toContain('Acknowledge: http://127.0.0.1:8080/ack?a=1&b=2');
    expect(telegramText(request!)).toContain('Open: http://localhost:8080/alerts/1');
    expect(standIn.mistakes).toEqual([]);
  });

  test.each([
    ['https://bellwether.example/a', true],
    ['http://10.0.0.5:8080/', true],
    ['http://localhost/', false],
    ['http://app.localhost/', false],
    ['http://127.0.0.1/', false],
    ['http://[::1]/', false],
    ['http://bellwether/', false],
    ['ftp://a.example/', false],
    ['no', false],
  ])('%s', (url, isGood) => expect(isTelegramUrl(url)).toBe(isGood));

  test('several alerts have one acknowledgement each; none once it is over', async () => {
    const standIn = await started(startTelegram);
    const alerts = [0, 1, 2].map((number) => exampleAlert({ number }));
    await delivered(telegram, telegramExample.settings(standIn), { notification: { alerts } });
    await delivered(telegram, telegramExample.settings(standIn), { notification: resolved });
    expect(buttonsOf(standIn.requests[0]!).map(({ text }) => text)).toEqual([
      'Acknowledge web-0:9090',
      'Acknowledge web-1:9090',
      'Acknowledge web-2:9090',
      'Open',
      'Runbook',
    ]);
    expect(buttonsOf(standIn.requests[1]!).map(({ text }) => text)).toEqual(['Open', 'Runbook']);
  });
});

describe('refusals', () => {
  test('429 waits as long as Telegram says', async () => {
    const parameters = { retry_after: 33 };
    const body = { ok: false, error_code: 429, description: 'Too Many Requests: retry after 33', parameters };
    const standIn = await started(() => answering({ status: 429, body }));
    expect(await attempt(telegram, settingsFor(standIn.url))).toMatchObject({
      isDelivered: false,
      isRetryable: true,
      retryAfterMs: 33_000,
    });
  });

  test('a group that became a supergroup: the new number is named', async () => {
    const description = 'Bad Request: group chat was upgraded to a supergroup chat';
    const parameters = { migrate_to_chat_id: -1009999 };
    const standIn = await started(() =>
      answering({ status: 400, body: { ok: false, error_code: 400, description, parameters } }),
    );
    const result = await attempt(telegram, settingsFor(standIn.url));
    expect(result).toMatchObject({ isDelivered: false, isRetryable: false });
    expect(result.detail).toContain('set chat_id to -1009999');
  });

  test('Markdown that Telegram cannot read goes out as plain text', async () => {
    const description = "Bad Request: can't parse entities: Can't find end of the entity";
    const standIn = await started(() =>
      answering(
        { status: 400, body: { ok: false, error_code: 400, description } },
        { body: { ok: true, result: { message_id: 5 } } },
      ),
    );
    const settings = settingsFor(standIn.url, { parse_mode: 'MarkdownV2', message: '*{{ .Status }} (x_y' });
    await delivered(telegram, settings);
    expect(standIn.requests.map((request) => jsonOf(request).parse_mode)).toEqual(['MarkdownV2', undefined]);
    expect(jsonOf(standIn.requests[1]!).text).toBe('*firing (x_y');
  });
});

describe('texts', () => {
  test('a template may use tags, label values may not', async () => {
    const standIn = await started(startTelegram);
    const message = '<b>{{ .CommonLabels.alertname }}</b> <a href="{{ .ExternalURL }}">open</a>';
    const labels = exampleAlert().labels.with('alertname', '</b><i>x & <script>');
    await delivered(
      telegram,
      { ...telegramExample.settings(standIn), message },
      {
        notification: { alerts: [exampleAlert({ labels })] },
      },
    );
    expect(jsonOf(standIn.requests[0]!).text).toBe(
      '<b>&lt;/b&gt;&lt;i&gt;x &amp; &lt;script&gt;</b> <a href="https://bellwether.example">open</a>',
    );
  });

  test('a template that gives nothing, or fails, still gives a message', async () => {
    const standIn = await started(startTelegram);
    for (const message of ['', '{{ "" }}', '{{ .Nothing.There }}', '{{ template "missing" . }}'])
      await delivered(telegram, { ...telegramExample.settings(standIn), message });
    expect(standIn.mistakes).toEqual([]);
    expect(telegramText(standIn.requests[0]!)).toBe('[FIRING] team-shop');
    expect(telegramText(standIn.requests[3]!)).toMatch(/missing/);
  });

  test('topic and silence', async () => {
    const standIn = await started(startTelegram);
    const more = { message_thread_id: 42, disable_notifications: true, parse_mode: '', buttons: false };
    await delivered(telegram, { ...telegramExample.settings(standIn), ...more });
    const body = jsonOf(standIn.requests[0]!);
    expect(body).toMatchObject({ message_thread_id: 42, disable_notification: true });
    expect(body.parse_mode).toBeUndefined();
    expect(body.reply_markup).toBeUndefined();
  });
});

describe('configuration', () => {
  test.each([[-100123456789012], ['-100123456789012'], ['@channel_name'], ['{{ .CommonLabels.chat }}']])(
    'chat_id %s',
    (id) => expect(telegram.schema.safeParse({ bot_token: 'x', chat_id: id }).success).toBe(true),
  );
  test.each([[0], [1.5], ['12x'], ['name'], ['']])('chat_id %s is refused', (id) =>
    expect(telegram.schema.safeParse({ bot_token: 'x', chat_id: id }).success).toBe(false),
  );

  test('contradictions', () => {
    const settings = telegram.schema.parse({ bot_token: 'a', bot_token_file: '/b' });
    expect(telegram.check!(settings).map(({ path }) => path.join('.'))).toEqual([
      'bot_token_file',
      'chat_id',
    ]);
  });
});

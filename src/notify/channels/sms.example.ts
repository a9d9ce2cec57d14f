import assert from 'node:assert/strict';
import {
  type ChannelExample,
  HTTP_FAULTS,
  type HttpReceived,
  type StandIn,
  startHttpStandIn,
} from './channel-suite.ts';
import { assertKeys, assertTells, assertText, quoteRequest } from './example-checks.ts';
import { sms } from './sms.ts';

const ACCOUNT = 'AC00000000000000000000000000000001';
const TOKEN = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';

function formOf(request: HttpReceived): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(request.body));
}

/** https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource */
export function startTwilio(): Promise<StandIn> {
  return startHttpStandIn({
    check(request) {
      assert.equal(request.method, 'POST');
      assert.equal(request.path, `/2010-04-01/Accounts/${ACCOUNT}/Messages.json`);
      assert.match(request.headers['content-type'] ?? '', /^application\/x-www-form-urlencoded/);
      const basic = Buffer.from(`${ACCOUNT}:${TOKEN}`).toString('base64');
      assert.equal(request.headers.authorization, `Basic ${basic}`);
      const form = formOf(request);
      assertKeys(form, ['To', 'From', 'MessagingServiceSid', 'Body']);
      assert.match(form.To ?? '', /^\+[1-9]\d{1,14}$/);
      assert.ok((form.From === undefined) !== (form.MessagingServiceSid === undefined), 'one sender');
      assertText(form.Body, 1600, 'Body');
    },
    answer: () => ({ status: 201, body: JSON.stringify({ sid: 'SM0123', status: 'queued' }) }),
    refuse: (request) => ({
      status: 400,
      body: JSON.stringify({ code: 21211, message: `Invalid 'To' ${quoteRequest(request)}`, status: 400 }),
    }),
  });
}

export const smsExample: ChannelExample = {
  definition: sms,
  startStandIn: startTwilio,
  settings: (standIn) => ({
    account_sid: ACCOUNT,
    auth_token: TOKEN,
    from: '+15005550006',
    to: ['+49 30 123456'],
    api_url: standIn.url,
  }),
  secrets: [TOKEN, Buffer.from(`${ACCOUNT}:${TOKEN}`).toString('base64')],
  fileKeys: ['auth_token'],
  faults: HTTP_FAULTS,
  verify(request, notification) {
    const form = formOf(request);
    assert.equal(form.To, '+4930123456');
    assertTells([form.Body!], notification);
  },
  texts: (request) => [formOf(request).Body!],
  sizes: (request) => [{ name: 'Body', used: formOf(request).Body!.length, max: 1600 }],
};

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import {
  type ChannelExample,
  EXAMPLE_NOW_MS,
  HTTP_FAULTS,
  jsonOf,
  startHttpStandIn,
} from './channel-suite.ts';
import { assertJson, assertKeys } from './example-checks.ts';
import { webhook } from './webhook.ts';

const PATH = '/hooks/T0K3N-in-the-path';
export const WEBHOOK_SECRET = 'signing-key-0123';

const MESSAGE_KEYS = [
  'receiver',
  'status',
  'alerts',
  'groupLabels',
  'commonLabels',
  'commonAnnotations',
  'externalURL',
  'version',
  'groupKey',
  'truncatedAlerts',
];
const ALERT_KEYS = ['status', 'labels', 'annotations', 'startsAt', 'endsAt', 'generatorURL', 'fingerprint'];

export const webhookExample: ChannelExample = {
  definition: webhook,
  /** https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
  startStandIn: () =>
    startHttpStandIn({
      check(request) {
        assert.equal(request.method, 'POST');
        assert.equal(request.path, PATH);
        assertJson(request);
        const body = jsonOf(request);
        assert.deepEqual(Object.keys(body), MESSAGE_KEYS);
        assert.equal(body.version, '4');
        assert.match(body.status, /^(firing|resolved)$/);
        for (const alert of body.alerts) {
          assertKeys(alert, ALERT_KEYS);
          for (const time of [alert.startsAt, alert.endsAt])
            assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z$/);
        }
        const signature = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(request.headers['x-bellwether-signature'] ?? '');
        const expected = createHmac('sha256', WEBHOOK_SECRET).update(`${signature?.[1]}.${request.body}`);
        assert.equal(signature?.[2], expected.digest('hex'));
        assert.equal(Number(signature?.[1]), EXAMPLE_NOW_MS / 1000);
      },
    }),
  settings: (standIn) => ({ url: `${standIn.url}${PATH}`, secret: WEBHOOK_SECRET }),
  secrets: [PATH, WEBHOOK_SECRET],
  fileKeys: ['url', 'secret'],
  faults: HTTP_FAULTS,
  verify(request, notification) {
    const body = jsonOf(request);
    assert.equal(body.status, notification.status);
    assert.equal(body.truncatedAlerts, notification.truncatedAlerts);
    assert.equal(body.alerts.length, notification.alerts.length);
    notification.alerts.forEach((alert, index) => {
      // Values are for programs and come as they are.
      for (const [name, value] of alert.labels.entries())
        assert.equal(body.alerts[index].labels[name], value.toWellFormed());
    });
  },
  texts: () => [],
  idempotencyKey: (request) => request.headers['idempotency-key'],
  groupKey: (request) => jsonOf(request).groupKey,
};

import { expect, onTestFinished, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { fakeIntegration, notifierBench } from '../notify-test-kit.ts';
import { exampleAlert, exampleNotification, jsonOf, startHttpStandIn } from './channel-suite.ts';
import { signature, webhook, webhookMessage } from './webhook.ts';

async function sent(settings: Record<string, unknown>, notification = exampleNotification()) {
  const standIn = await startHttpStandIn({});
  onTestFinished(() => standIn.close());
  const bench = notifierBench([webhook], { policy: { maxAttempts: 1 } });
  const parsed = webhook.schema.parse({ url: standIn.url, ...settings });
  const outcome = await bench.deliver({
    notification,
    integration: fakeIntegration({ channel: 'webhook', settings: parsed }),
  });
  await bench.notifier.stop();
  return { outcome, request: standIn.requests[0]! };
}

test('the body is that of Alertmanager', async () => {
  const alerts = [
    exampleAlert({ startsAtMs: Date.UTC(2026, 10, 20, 8, 55, 0, 120) }),
    exampleAlert({ number: 1, status: 'resolved' }),
  ];
  const { request } = await sent({}, exampleNotification({ alerts, truncatedAlerts: 3 }));
  expect(request.headers['idempotency-key']).toBe('0123456789abcdef0123456789abcdef');
  expect(request.headers['x-bellwether-signature']).toBeUndefined();
  expect(jsonOf(request)).toEqual({
    receiver: 'team-shop',
    status: 'firing',
    alerts: [
      {
        status: 'firing',
        labels: { alertname: 'HighErrorRate', instance: 'web-0:9090', service: 'shop', severity: 'critical' },
        annotations: {
          summary: 'Errors on web-0',
          description: 'The error rate is 7 % (target: 1 %).',
          runbook_url: 'https://bellwether.example/runbooks/errors',
        },
        startsAt: '2026-11-20T08:55:00.12Z',
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: 'https://bellwether.example/metrics?q=up%20%3D%3D%200&tab=1',
        fingerprint: '0000000000abcdef',
      },
      expect.objectContaining({
        status: 'resolved',
        startsAt: '2026-11-20T08:55:00Z',
        endsAt: '2026-11-20T08:59:59Z',
      }),
    ],
    groupLabels: { alertname: 'HighErrorRate' },
    commonLabels: { alertname: 'HighErrorRate', service: 'shop', severity: 'critical' },
    commonAnnotations: {
      description: 'The error rate is 7 % (target: 1 %).',
      runbook_url: 'https://bellwether.example/runbooks/errors',
    },
    externalURL: 'https://bellwether.example',
    version: '4',
    groupKey: '{}/{severity="critical"}:{alertname="HighErrorRate"}',
    truncatedAlerts: 3,
  });
});

test('max_alerts cuts off and counts', () => {
  const alerts = [0, 1, 2].map((number) => exampleAlert({ number }));
  const message = webhookMessage(exampleNotification({ alerts, truncatedAlerts: 2 }), 1);
  expect(message.alerts).toHaveLength(1);
  expect(message.truncatedAlerts).toBe(4);
});

test('a label may be called as it likes', () => {
  const labels = Labels.from([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
  const message = webhookMessage(
    exampleNotification({ alerts: [exampleAlert({ labels })], groupLabels: labels }),
    0,
  );
  expect(JSON.stringify(message.commonLabels)).toBe('{"__proto__":"a","constructor":"b"}');
});

test('a payload of ones own', async () => {
  const payload = {
    title: '{{ .Status }}',
    list: '[{{ range $i, $a := .Alerts }}{{ if $i }},{{ end }}{{ $a.Labels.instance | toJson }}{{ end }}]',
    plain: '[not a template]',
    nested: { n: 1, b: [true, '{{ len .Alerts }}'] },
    broken: '{ {{ .Status }}',
  };
  const { request } = await sent({ payload });
  expect(jsonOf(request)).toEqual({
    title: 'firing',
    list: ['web-0:9090'],
    plain: '[not a template]',
    nested: { n: 1, b: [true, '1'] },
    broken: '{ firing',
  });
  expect((await sent({ payload: 'status={{ .Status }}' })).request.body).toBe('status=firing');
});

test('the signature can be checked with any HMAC', () => {
  // printf '1763629200.{"a":1}' | openssl dgst -sha256 -hmac secret
  expect(signature('secret', 1_763_629_200, '{"a":1}')).toBe(
    't=1763629200,v1=458bca0a43f88531cbd04479f3e2179c152a60fc53cc7603afea1903b05e1c60',
  );
  expect(signature('secret', 1_763_629_200, '{"a":1}')).not.toBe(
    signature('secret', 1_763_629_201, '{"a":1}'),
  );
});

test('settings that contradict', () => {
  const problems = (settings: unknown) =>
    webhook.check!(webhook.schema.parse(settings)).map(({ path }) => path.join('.'));
  expect(problems({})).toEqual(['url']);
  expect(problems({ url: 'http://x', url_file: '/y' })).toEqual(['url_file']);
  expect(problems({ url: 'ftp://x' })).toEqual(['url']);
  expect(problems({ url: 'http://x', secret: 'a', secret_file: '/y' })).toEqual(['secret_file']);
});

import { randomBytes } from 'node:crypto';
import { type Alert, type AlertEngine, fingerprintOf } from '../../alerts/index.ts';
import type { ActionService, AlertServices } from '../../http/index.ts';
import { BellwetherError } from '../../lib/errors.ts';
import { Labels } from '../../model/labels.ts';
import { acknowledgementJson, type OnCall } from '../../oncall/index.ts';

export interface OnCallServiceParts {
  readonly engine: AlertEngine;
  readonly onCall: OnCall;
  readonly externalUrl: string;
  readonly clock: () => number;
  /** Acknowledgements or overrides changed. */
  readonly onChange: () => void;
}

export type OnCallServices = Pick<
  AlertServices,
  'acknowledge' | 'unacknowledge' | 'onCall' | 'override' | 'removeOverride' | 'testReceiver'
>;

/** Acknowledging, being on call, and trying who can be told. */
export function createOnCallServices(parts: OnCallServiceParts): OnCallServices {
  const { engine, onCall, onChange } = parts;
  return {
    async acknowledge(fingerprint, { note, untilMs }, { actor }) {
      const done = await onCall.acknowledge(fingerprint, undefined, { by: actor, untilMs, note, via: 'api' });
      onChange();
      return acknowledgementJson(done);
    },
    async unacknowledge(fingerprint, { actor }) {
      if (!(await onCall.unacknowledge(fingerprint, actor))) throw notAcknowledged(fingerprint);
      onChange();
    },
    onCall: (range, nowMs) => onCall.view(range, nowMs),
    override: async (input, { actor }) => (await onCall.addOverride(input, actor)).id,
    removeOverride: (id, { actor }) => onCall.removeOverride(id, actor),
    async testReceiver(name, integration, { nowMs }) {
      const alert = testAlert(nowMs);
      const outcomes = await engine.tell({
        receiver: name,
        reason: 'test',
        key: randomBytes(16).toString('hex'),
        groupKey: 'test',
        groupLabels: Labels.fromObject({ alertname: alert.labels.get('alertname') }),
        alerts: [alert],
        isResolved: false,
        ...(integration === undefined ? {} : { integration }),
      });
      return {
        results: outcomes.map((outcome) => ({
          integration: outcome.integration,
          channel: outcome.channel,
          delivered: outcome.isDelivered,
          detail: outcome.detail,
          latency_ms: outcome.latencyMs,
          attempts: outcome.attempts,
        })),
      };
    },
  };
}

function notAcknowledged(fingerprint: string): BellwetherError {
  return new BellwetherError({
    code: 'not_found',
    status: 404,
    message: `nobody has acknowledged ${fingerprint}`,
  });
}

/** An alert that only says that messages arrive. */
function testAlert(nowMs: number): Alert {
  const labels = Labels.fromObject({ alertname: 'BellwetherTest', severity: 'none' });
  return {
    fingerprint: fingerprintOf(labels),
    labels,
    annotations: Labels.fromObject({
      summary: 'This is a test: messages of Bellwether arrive here.',
      description: 'Somebody pressed "send test". Nothing is wrong, and nothing is to be done.',
    }),
    startsAtMs: nowMs,
    endsAtMs: nowMs + 60_000,
    updatedAtMs: nowMs,
    hasTimeout: true,
    generatorUrl: '',
    source: 'test',
    value: undefined,
  };
}

/** What people do from a notification, by a signed link or a button. */
export function createActions({ onCall, clock, onChange }: OnCallServiceParts): ActionService {
  return {
    async page({ method, token, form }) {
      const fields = Object.fromEntries(form);
      const { status, headers, html } = await onCall.pages.handle({
        method,
        token,
        form: fields,
        nowMs: clock(),
      });
      if (method === 'POST') onChange();
      return { status, headers: { ...headers }, body: html };
    },
    async button(messenger, headers, body) {
      const text = Buffer.from(body).toString('utf8');
      const { status, body: answer } =
        messenger === 'slack'
          ? await onCall.buttons.handleSlack(headers, text)
          : await onCall.buttons.handleTelegram(headers, text);
      onChange();
      return { status, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: answer };
    },
  };
}

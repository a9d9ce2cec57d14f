import { DecodeError } from '../../../lib/errors.ts';
import { section } from '../../../prom-config/index.ts';
import { defineInbound, type InboundReader, type RawAlert } from '../kind.ts';
import { firstText, type Payload, scalarFields, textAt, timeOf, valueAt } from '../payload.ts';

/** What Grafana adds to an alert, as annotations. */
const GRAFANA_LINKS: readonly (readonly [field: string, annotation: string])[] = [
  ['dashboardURL', 'dashboard_url'],
  ['panelURL', 'panel_url'],
  ['imageURL', 'image_url'],
  ['silenceURL', 'grafana_silence_url'],
];

/** https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
export const alertmanagerKind = defineInbound({
  name: 'alertmanager',
  title: 'Alertmanager',
  summary: 'Every alert in the body of an Alertmanager webhook, firing or resolved',
  mapping: section({}),
  createReader: () => readNotification(false),
});

/** https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/ */
export const grafanaKind = defineInbound({
  name: 'grafana',
  title: 'Grafana',
  summary: 'Every alert in the body of a Grafana webhook contact point, firing or resolved',
  signatureHeader: 'x-grafana-alerting-signature',
  mapping: section({}),
  createReader: () => readNotification(true),
});

function readNotification(isGrafana: boolean): InboundReader {
  return (payload) => {
    const alerts = valueAt(payload, ['alerts']);
    if (!Array.isArray(alerts))
      throw new DecodeError(
        'the body has no list `alerts`',
        'this is no notification of Alertmanager or Grafana; kind: generic takes other JSON',
      );
    const status = textAt(payload, 'status') ?? '';
    const read = alerts.map((alert) => readAlert(alert, status, isGrafana));
    return { alerts: read, note: read.length === 0 ? 'there is no alert in it' : '' };
  };
}

function readAlert(alert: Payload, groupStatus: string, isGrafana: boolean): RawAlert {
  const labels = scalarFields(valueAt(alert, ['labels']));
  if (labels.length === 0) throw new DecodeError('an alert has no labels');
  const isResolved = (textAt(alert, 'status') ?? groupStatus).toLowerCase() === 'resolved';
  const endsAtMs = timeOf(valueAt(alert, ['endsAt']));
  return {
    labels,
    annotations: [
      ...(isGrafana ? grafanaAnnotations(alert) : []),
      ...scalarFields(valueAt(alert, ['annotations'])),
    ],
    isResolved,
    startsAtMs: timeOf(valueAt(alert, ['startsAt'])),
    endsAtMs,
    generatorUrl: firstText(alert, ['generatorURL', ...(isGrafana ? ['panelURL', 'dashboardURL'] : [])]),
    value: isGrafana ? soleValue(alert) : undefined,
  };
}

function grafanaAnnotations(alert: Payload): [string, string][] {
  const links = GRAFANA_LINKS.flatMap(([field, name]) => {
    const text = textAt(alert, field);
    return text === undefined ? [] : [[name, text] as [string, string]];
  });
  const values = scalarFields(valueAt(alert, ['values'])).map(([name, value]) => `${name}=${value}`);
  return values.length === 0 ? links : [...links, ['values', values.join(', ')]];
}

/** Grafana names its values by the letters of its expressions; of several none is the alert's. */
function soleValue(alert: Payload): number | undefined {
  const values = scalarFields(valueAt(alert, ['values']));
  const number = values.length === 1 ? Number(values[0]![1]) : Number.NaN;
  return Number.isNaN(number) ? undefined : number;
}

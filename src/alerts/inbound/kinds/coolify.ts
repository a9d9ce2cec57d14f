import { DecodeError } from '../../../lib/errors.ts';
import { section } from '../../../prom-config/index.ts';
import { defineInbound, type RawAlert, type RawDelivery } from '../kind.ts';
import { firstText, type Payload, scalarText, textAt, valueAt } from '../payload.ts';

interface CoolifyAlert {
  readonly alertname: string;
  readonly severity: 'critical' | 'warning';
  /** Events that begin it. */
  readonly begins: readonly string[];
  /** Events that end it. */
  readonly ends: readonly string[];
  /** Fields that say what it is about, as labels: the same in events of both sorts. */
  readonly labels: Readonly<Record<string, string>>;
}

const APPLICATION = {
  application_name: 'application',
  project: 'project',
  environment: 'environment',
  pull_request_id: 'pull_request',
};
const SERVER = { server_name: 'server' };
const DATABASE = { database_name: 'database' };
const ANYTHING = { ...APPLICATION, ...SERVER, ...DATABASE, container_name: 'container', task_name: 'task' };

const ALERTS: readonly CoolifyAlert[] = [
  {
    alertname: 'CoolifyDeploymentFailed',
    severity: 'critical',
    begins: ['deployment_failed'],
    ends: ['deployment_success'],
    labels: APPLICATION,
  },
  {
    alertname: 'CoolifyApplicationStopped',
    severity: 'critical',
    begins: ['status_changed'],
    // Coolify does not tell when somebody starts it again, but it does after a deployment.
    ends: ['deployment_success'],
    labels: APPLICATION,
  },
  {
    alertname: 'CoolifyRestartLimitReached',
    severity: 'critical',
    begins: ['restart_limit_reached'],
    ends: ['deployment_success'],
    labels: APPLICATION,
  },
  {
    alertname: 'CoolifyContainerStopped',
    severity: 'critical',
    begins: ['container_stopped'],
    ends: ['container_restarted'],
    labels: { container_name: 'container', ...SERVER },
  },
  {
    alertname: 'CoolifyServerUnreachable',
    severity: 'critical',
    begins: ['server_unreachable'],
    ends: ['server_reachable'],
    labels: SERVER,
  },
  {
    alertname: 'CoolifyDiskUsageHigh',
    severity: 'warning',
    begins: ['high_disk_usage'],
    ends: [],
    labels: SERVER,
  },
  {
    alertname: 'CoolifyBackupFailed',
    severity: 'critical',
    begins: ['backup_failed'],
    ends: ['backup_success', 'backup_success_with_s3_warning'],
    labels: DATABASE,
  },
  {
    alertname: 'CoolifyBackupUploadFailed',
    severity: 'warning',
    begins: ['backup_success_with_s3_warning'],
    ends: ['backup_success'],
    labels: DATABASE,
  },
  {
    alertname: 'CoolifyTaskFailed',
    severity: 'warning',
    begins: ['task_failed'],
    ends: ['task_success'],
    labels: { task_name: 'task' },
  },
  {
    alertname: 'CoolifyDockerCleanupFailed',
    severity: 'warning',
    begins: ['docker_cleanup_failed'],
    ends: ['docker_cleanup_success'],
    labels: SERVER,
  },
];

/** Fields that are shown as annotations. */
const SHOWN = [
  'fqdn',
  'preview_fqdn',
  'error_output',
  'output',
  'disk_usage',
  'threshold',
  'restart_count',
  'max_restart_count',
  'database_type',
  'frequency',
  's3_error',
];
const LINKS = ['deployment_url', 'url', 's3_storage_url', 'fqdn'];

/** https://coolify.io/docs/core/notifications/channels/webhook/payload-reference */
export const coolifyKind = defineInbound({
  name: 'coolify',
  title: 'Coolify',
  summary:
    'Failed deployments, backups and tasks, stopped applications and containers, servers that cannot be reached; the event of success resolves them',
  mapping: section({}),
  createReader: () => readEvent,
});

function readEvent(payload: Payload): RawDelivery {
  const event = textAt(payload, 'event');
  if (event === undefined)
    throw new DecodeError('the body has no field `event`', 'this is no webhook notification of Coolify');
  if (event === 'test') return { alerts: [], note: 'the test notification arrived' };
  const known = ALERTS.flatMap((alert) => alertOf(alert, event, payload));
  if (known.length > 0) return { alerts: known, note: '' };
  if (valueAt(payload, ['success']) !== false)
    return { alerts: [], note: `event ${event.slice(0, 64)} is good news` };
  return { alerts: [rawAlert(unknownAlert(event), payload, false)], note: '' };
}

/** One event may begin one alert and end others. */
function alertOf(alert: CoolifyAlert, event: string, payload: Payload): RawAlert[] {
  if (alert.begins.includes(event)) {
    const isGood = alert.begins.includes('status_changed') && valueAt(payload, ['success']) === true;
    return [rawAlert(alert, payload, isGood)];
  }
  return alert.ends.includes(event) ? [rawAlert(alert, payload, true)] : [];
}

/** An event of a newer Coolify that says it is no success. */
function unknownAlert(event: string): CoolifyAlert {
  const words = event.slice(0, 64).split(/[^a-zA-Z0-9]+/);
  const name = words.map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`).join('');
  return { alertname: `Coolify${name}`, severity: 'warning', begins: [event], ends: [], labels: ANYTHING };
}

function rawAlert(alert: CoolifyAlert, payload: Payload, isResolved: boolean): RawAlert {
  const labels = Object.entries(alert.labels).flatMap(([field, label]) => {
    const text = textAt(payload, field);
    return text === undefined ? [] : [[label, text] as const];
  });
  const subject = labels.map(([, text]) => text)[0];
  const message = textAt(payload, 'message') ?? alert.alertname;
  const shown = SHOWN.flatMap((field) => {
    const text = scalarText(valueAt(payload, [field]));
    return text === undefined ? [] : [[field, text] as const];
  });
  const usage = Number(textAt(payload, 'disk_usage') ?? Number.NaN);
  return {
    labels: [['alertname', alert.alertname], ['severity', alert.severity], ...labels],
    annotations: [['summary', subject === undefined ? message : `${subject}: ${message}`], ...shown],
    isResolved,
    generatorUrl: firstText(payload, LINKS),
    value: Number.isNaN(usage) ? undefined : usage,
  };
}

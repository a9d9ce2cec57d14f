import type { ActiveAlertJson, Session, Source, Status } from '@contract';
import type { Tone } from '../../components/index.ts';
import { formatSpan, plural } from '../../lib/format.ts';
import { sessionTitle } from '../figures.ts';

/** One thing that wants a person's eye, and where to look. */
export interface AttentionItem {
  id: string;
  tone: Tone;
  /** What is wrong, in a few words. */
  title: string;
  /** Why, or what to do. */
  detail: string;
  atMs: number | null;
  demo: boolean;
  target:
    | { page: 'alert'; fingerprint: string }
    | { page: 'alerts' }
    | { page: 'session'; sessionId: string }
    | { page: 'sources' }
    | null;
}

/** The alerts that want a person, as the shell knows them. */
export interface WaitingAlerts {
  /** All of them; `waiting` may hold fewer in a storm. */
  count: number;
  /** The most urgent first. */
  waiting: readonly ActiveAlertJson[];
  isFailed: boolean;
}

/** A rejection counts as current for this long after it happened. */
const rejectionFreshMs = 60 * 60_000;
/** A signal is behind when its sender's other signals are this much further. */
const signalBehindMs = 15 * 60_000;
/** A sender counts as active when anything came from it within this time. */
const senderActiveMs = 5 * 60_000;
/** A service that is not an interactive client is silent after this long ... */
const silentAfterMs = 10 * 60_000;
/** ... and forgotten after this long. */
const silentUntilMs = 24 * 60 * 60_000;

const toneRank: Record<Tone, number> = { bad: 0, warn: 1, info: 2, ok: 3, quiet: 4 };

/** Everything that is wrong right now, the worst first. Built from real values only; an empty list means nothing is known to be wrong. */
export function attentionItems(options: {
  alerts: WaitingAlerts;
  live: readonly Session[];
  sources: readonly Source[];
  status: Status | undefined;
  nowMs: number;
}): AttentionItem[] {
  const { alerts, live, sources, status, nowMs } = options;
  // Alerts first: somebody has said beforehand that these matter. Their own order, by priority, is kept.
  const told = alerts.waiting.map(alertItem);
  const found = [
    ...statusItems(status),
    ...unreadItems(alerts),
    ...live.flatMap((session) => sessionItem(session, nowMs)),
    ...sources.flatMap((source) => rejectionItem(source, nowMs)),
    ...silenceItems(sources, nowMs),
  ];
  found.sort((a, b) => (b.atMs ?? 0) - (a.atMs ?? 0));
  return [...told, ...found].sort((a, b) => toneRank[a.tone] - toneRank[b.tone]);
}

const priorityTones = { P0: 'bad', P1: 'bad', P2: 'warn', P3: 'info' } as const;

function alertItem(alert: ActiveAlertJson): AttentionItem {
  const { fingerprint, name, service, severity, priority, annotations } = alert;
  const summary = annotations.summary ?? annotations.description ?? '';
  return {
    id: `alert:${fingerprint}`,
    tone: priorityTones[priority],
    title: `${priority} ${name}${service === '' ? '' : `: ${service}`}`,
    detail: summary || [severity, 'nobody has it yet'].filter(Boolean).join(', '),
    atMs: Date.parse(alert.starts_at),
    demo: false,
    target: { page: 'alert', fingerprint },
  };
}

function unreadItems({ isFailed }: WaitingAlerts): AttentionItem[] {
  if (!isFailed) return [];
  return [
    {
      id: 'alerts-unread',
      tone: 'warn',
      title: 'The alerts could not be read',
      detail: 'Whether one fires is not known here; the page of alerts says why.',
      atMs: null,
      demo: false,
      target: { page: 'alerts' },
    },
  ];
}

function statusItems(status: Status | undefined): AttentionItem[] {
  if (!status || (status.ready && status.message === '')) return [];
  return [
    {
      id: 'status',
      tone: status.ready ? 'warn' : 'bad',
      title: status.ready ? 'The server is degraded' : 'The store is not ready',
      detail: status.message || 'Senders are asked to retry; nothing that was acknowledged is lost.',
      atMs: null,
      demo: false,
      target: null,
    },
  ];
}

function sessionItem(session: Session, nowMs: number): AttentionItem[] {
  const atMs = Date.parse(session.last_event_at);
  const common = {
    id: `session:${session.session_id}`,
    atMs,
    demo: session.demo,
    target: { page: 'session' as const, sessionId: session.session_id },
  };
  if (session.state === 'error') {
    return [
      {
        ...common,
        tone: 'bad',
        title: `${sessionTitle(session)}: a model request failed for good`,
        detail: `${plural(session.api_errors, 'failed request')} in this session`,
      },
    ];
  }
  if (session.state === 'waiting') {
    return [
      {
        ...common,
        tone: 'warn',
        title: `${sessionTitle(session)}: waiting for permission`,
        detail: `for ${formatSpan(Math.max(0, nowMs - atMs))}`,
      },
    ];
  }
  return [];
}

function rejectionItem(source: Source, nowMs: number): AttentionItem[] {
  const fresh = source.reasons
    .filter((reason) => nowMs - Date.parse(reason.last_at) < rejectionFreshMs)
    .sort((a, b) => Date.parse(b.last_at) - Date.parse(a.last_at));
  const latest = fresh[0];
  if (!latest) return [];
  return [
    {
      id: `rejected:${source.id}`,
      tone: source.accepted === 0 ? 'bad' : 'warn',
      title: `${source.service || source.address}: ${source.signal === 'unknown' ? 'input' : source.signal} rejected`,
      detail: latest.message,
      atMs: Date.parse(latest.last_at),
      demo: false,
      target: { page: 'sources' },
    },
  ];
}

/** Same program on the same machine under the same key. */
function senderKey(source: Source): string {
  return [source.service, source.instance, source.address, source.key].join('\n');
}

/**
 * Interactive clients stop when their person stops, so their silence means nothing, but one signal that stays behind while the
 * others arrive means a broken exporter. Any other service is expected to go on sending.
 */
function silenceItems(sources: readonly Source[], nowMs: number): AttentionItem[] {
  const senders = new Map<string, Source[]>();
  for (const source of sources) {
    if (source.accepted === 0) continue;
    senders.set(senderKey(source), [...(senders.get(senderKey(source)) ?? []), source]);
  }
  return [...senders.values()].flatMap((signals) => {
    const lastMs = Math.max(...signals.map((source) => Date.parse(source.last_seen)));
    const quietMs = nowMs - lastMs;
    const name = signals[0]!.service || signals[0]!.address;
    const isClient = name.startsWith('claude-code');
    if (!isClient && quietMs > silentAfterMs && quietMs < silentUntilMs) {
      return [
        silent(
          `silent:${senderKey(signals[0]!)}`,
          `${name}: nothing received`,
          `for ${formatSpan(quietMs)}`,
          lastMs,
        ),
      ];
    }
    if (quietMs > senderActiveMs) return [];
    return signals
      .filter((source) => lastMs - Date.parse(source.last_seen) > signalBehindMs)
      .map((source) =>
        silent(
          `silent:${source.id}`,
          `${name}: ${source.signal} stopped`,
          'other signals of this sender still arrive',
          Date.parse(source.last_seen),
        ),
      );
  });
}

function silent(id: string, title: string, detail: string, atMs: number): AttentionItem {
  return { id, tone: 'warn', title, detail, atMs, demo: false, target: { page: 'sources' } };
}

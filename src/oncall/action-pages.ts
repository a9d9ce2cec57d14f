import { BellwetherError } from '../lib/errors.ts';
import type { Priority } from '../model/notification.ts';
import type { AcknowledgeInput, Acknowledgement } from './acknowledgements.ts';
import type { ActionTokens } from './action-tokens.ts';
import { cutText, type Html, html } from './html.ts';
import { PAGE_HEADERS, pageOf } from './page-layout.ts';
import { isSameLife, type OnCallAlert, type OnCallAlertView } from './types.ts';

const HOUR_MS = 3_600_000;
const MAX_SHOWN_LABELS = 40;
const MAX_SHOWN_LENGTH = 500;
const MAX_NAME_LENGTH = 100;
/** Of those who do not say who they are. */
const NAMELESS = 'link';

const CHOICES = [
  { value: '1h', label: 'Acknowledge for 1 hour', durationMs: HOUR_MS },
  { value: '4h', label: 'Acknowledge for 4 hours', durationMs: 4 * HOUR_MS },
  { value: 'resolved', label: 'Acknowledge until resolved', durationMs: undefined },
] as const;

export interface ActionPageParts {
  readonly tokens: () => ActionTokens;
  readonly alertOf: (fingerprint: string) => OnCallAlertView | undefined;
  readonly acknowledgementOf: (fingerprint: string) => Acknowledgement | undefined;
  readonly acknowledge: (
    fingerprint: string,
    startsAtMs: number,
    input: AcknowledgeInput,
  ) => Promise<Acknowledgement>;
  readonly priorityOf: (alert: OnCallAlert) => Priority;
  /** Where people see the alert; undefined: no link. */
  readonly alertUrl: (fingerprint: string) => string | undefined;
}

export interface PageRequest {
  readonly method: string;
  readonly token: string;
  /** Decoded fields of a POST; empty otherwise. */
  readonly form: Readonly<Record<string, string>>;
  readonly nowMs: number;
}

export interface PageAnswer {
  readonly status: number;
  /** Names in lower case. They replace those the server sends otherwise: its policy would refuse the page's style. */
  readonly headers: Readonly<Record<string, string>>;
  readonly html: string;
}

/** Pages behind signed links. They need no log-in, no script and no file, and work on a phone. */
export interface ActionPages {
  /**
   * Only a POST acknowledges, because programs that preview links fetch them.
   *
   * Never rejects for what a visitor or the state can do.
   */
  handle(request: PageRequest): Promise<PageAnswer>;
}

export function createActionPages(parts: ActionPageParts): ActionPages {
  return {
    async handle({ method, token, form, nowMs }) {
      if (!['GET', 'HEAD', 'POST'].includes(method)) return methodNotAllowed();
      const verified = parts.tokens().verify(token);
      if (verified.kind === 'invalid')
        return message(404, 'This link is not valid', 'It is incomplete, or not from this server.');
      if (verified.kind === 'expired')
        return message(410, 'This link has expired', 'Open the alert in Bellwether instead.');
      const view = parts.alertOf(verified.fingerprint);
      if (view === undefined || (view.isResolved && isSameLife(view.alert, verified)))
        return message(
          method === 'POST' ? 409 : 200,
          'This alert is resolved',
          'There is nothing left to acknowledge.',
        );
      if (!isSameLife(view.alert, verified))
        return message(
          409,
          'This alert was resolved and fires anew',
          'Open the link of the newer notification to acknowledge it.',
        );
      if (method !== 'POST') return alertPage(parts, view.alert, nowMs);
      return await acknowledge(parts, view.alert, { startsAtMs: verified.startsAtMs, form, nowMs });
    },
  };
}

async function acknowledge(
  parts: ActionPageParts,
  alert: OnCallAlert,
  { startsAtMs, form, nowMs }: { startsAtMs: number; form: PageRequest['form']; nowMs: number },
): Promise<PageAnswer> {
  const choice = CHOICES.find(({ value }) => value === form.for);
  if (choice === undefined)
    return message(400, 'That could not be understood', 'Open the link again and choose for how long.');
  const name = cutText((form.by ?? '').trim(), MAX_NAME_LENGTH) || NAMELESS;
  const untilMs = choice.durationMs === undefined ? undefined : nowMs + choice.durationMs;
  try {
    const done = await parts.acknowledge(alert.fingerprint, startsAtMs, { by: name, untilMs, via: 'link' });
    return donePage(parts, alert, done);
  } catch (error) {
    if (!(error instanceof BellwetherError)) throw error;
    const hint = error.hint ?? 'Open the alert in Bellwether to see how it stands.';
    return message(error.status, 'The alert is not acknowledged', `${error.message}. ${hint}`);
  }
}

function alertPage(parts: ActionPageParts, alert: OnCallAlert, nowMs: number): PageAnswer {
  const name = nameOf(alert);
  const by = parts.acknowledgementOf(alert.fingerprint);
  const content = html`${header(parts, alert)}
<p class="muted">Since ${moment(alert.startsAtMs)}, ${agoText(nowMs - alert.startsAtMs)}.</p>
${by === undefined ? html`<p class="bad">Nobody has acknowledged it.</p>` : acknowledgedText(by)}
${labelList(alert)}
<form method="post">
<label>Your name<input name="by" maxlength="${MAX_NAME_LENGTH}" autocomplete="name"></label>
${CHOICES.map(({ value, label }) => html`<button name="for" value="${value}">${label}</button>\n`)}</form>
${alertLink(parts, alert)}`;
  return answer(200, name, content);
}

function donePage(parts: ActionPageParts, alert: OnCallAlert, done: Acknowledgement): PageAnswer {
  const content = html`${header(parts, alert)}
${acknowledgedText(done)}
<p>Nobody else will be called meanwhile.</p>
${labelList(alert)}
${alertLink(parts, alert)}`;
  return answer(200, `Acknowledged: ${nameOf(alert)}`, content);
}

function header(parts: ActionPageParts, alert: OnCallAlert): Html {
  const summary = alert.annotations.get('summary') || alert.annotations.get('description');
  return html`<p class="muted">${parts.priorityOf(alert)} alert</p>
<h1><bdi>${nameOf(alert)}</bdi></h1>
${summary === '' ? html`` : html`<p><bdi>${cutText(summary, MAX_SHOWN_LENGTH)}</bdi></p>`}`;
}

function acknowledgedText({ by, untilMs }: Acknowledgement): Html {
  const until = untilMs === undefined ? html`it is resolved` : moment(untilMs);
  return html`<p class="ok">Acknowledged by <bdi>${cutText(by, MAX_NAME_LENGTH)}</bdi> until ${until}.</p>`;
}

function labelList({ labels }: OnCallAlert): Html {
  const shown = [...labels.entries()].filter(([name]) => name !== 'alertname');
  const rows = shown
    .slice(0, MAX_SHOWN_LABELS)
    .map(
      ([name, value]) =>
        html`<dt><bdi>${cutText(name, MAX_SHOWN_LENGTH)}</bdi></dt><dd><bdi>${cutText(value, MAX_SHOWN_LENGTH)}</bdi></dd>\n`,
    );
  const left = shown.length - rows.length;
  return html`<dl>${rows}</dl>${left > 0 ? html`<p class="muted">and ${left} more labels</p>` : html``}`;
}

function alertLink(parts: ActionPageParts, { fingerprint }: OnCallAlert): Html {
  const url = parts.alertUrl(fingerprint);
  return url === undefined ? html`` : html`<a class="button" href="${url}">Open in Bellwether</a>`;
}

function nameOf({ labels }: OnCallAlert): string {
  return cutText(labels.get('alertname'), MAX_SHOWN_LENGTH) || 'Alert without a name';
}

/** In UTC: the page runs no script that could know the reader's time zone. */
function moment(ms: number): Html {
  const iso = new Date(ms).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC</time>`;
}

function agoText(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 1) return 'less than a minute';
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.floor(hours / 24)} days`;
}

function message(status: number, title: string, text: string): PageAnswer {
  return answer(status, title, html`<h1>${title}</h1>\n<p>${text}</p>`);
}

function methodNotAllowed(): PageAnswer {
  const page = message(405, 'This is not possible here', 'Open the link in a browser.');
  return { ...page, headers: { ...page.headers, allow: 'GET, HEAD, POST' } };
}

function answer(status: number, title: string, content: Html): PageAnswer {
  return { status, headers: PAGE_HEADERS, html: pageOf(title, content) };
}

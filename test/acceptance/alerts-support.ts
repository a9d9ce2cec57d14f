import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** One alert in a body of Alertmanager's webhook format. */
export interface SunkAlert {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

/** One request that a sink took, or refused. */
export interface SunkNotification {
  readonly path: string;
  /** The header that tells a repetition from a new notification. */
  readonly idempotencyKey: string;
  readonly status: string;
  readonly receiver: string;
  readonly alerts: readonly SunkAlert[];
  /** Everything that was sent, parsed. */
  readonly body: unknown;
  /** What it was answered. */
  readonly answered: number;
  readonly atMs: number;
}

/** A receiver of webhooks that remembers what it got. */
export interface WebhookSink {
  readonly url: string;
  readonly notifications: SunkNotification[];
  /** Answers with this from now on; `hang` never answers. */
  mode: number | 'hang';
  /** Requests below this path that were answered 200. */
  taken(path?: string): SunkNotification[];
  close(): Promise<void>;
}

export async function startWebhookSink(): Promise<WebhookSink> {
  const notifications: SunkNotification[] = [];
  const sink = { mode: 200 as number | 'hang' };
  const server: Server = createServer((request, response) => {
    const { mode } = sink;
    read(request, (body) => {
      const parsed = JSON.parse(body) as Pick<SunkNotification, 'status' | 'receiver' | 'alerts'>;
      notifications.push({
        ...parsed,
        body: parsed,
        path: request.url ?? '/',
        idempotencyKey: String(request.headers['idempotency-key'] ?? ''),
        answered: mode === 'hang' ? 0 : mode,
        atMs: performance.now(),
      });
      if (mode !== 'hang') response.writeHead(mode).end('{"id":"1"}');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return Object.assign(sink, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    notifications,
    taken: (path = '/') => notifications.filter((one) => one.answered === 200 && one.path.startsWith(path)),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  });
}

function read(request: IncomingMessage, done: (body: string) => void): void {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (piece: string) => {
    body += piece;
  });
  request.on('end', () => done(body));
}

/** Writes files into a folder and returns the path of the first. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return join(folder, Object.keys(files)[0]!);
}

/** Posts JSON. */
export async function postJson(url: string, body: unknown = {}): Promise<Response> {
  return await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** Stores samples in Prometheus's text format. */
export async function pushSamples(url: string, text: string): Promise<void> {
  const answer = await fetch(`${url}/api/v1/import/prometheus`, { method: 'POST', body: `${text}\n` });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}

/** Names of alerts with their status: `firing Disk`. */
export function told(notifications: readonly SunkNotification[]): string[] {
  return notifications.flatMap(({ alerts }) =>
    alerts.map(
      ({ status, labels }) => `${status} ${labels.alertname}${labels.n === undefined ? '' : ` ${labels.n}`}`,
    ),
  );
}

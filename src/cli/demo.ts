import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fetch } from 'undici';
import { BellwetherError, messageOf } from '../lib/errors.ts';
import { createProgress } from './progress.ts';
import { type Json, latestTimeNs, replay } from './recording.ts';

interface IndexEntry {
  readonly file: string;
  readonly signal: 'metrics' | 'logs' | 'traces';
  readonly scenario: string;
  readonly contentType: string;
  readonly contentEncoding: string;
}

interface Recording {
  readonly scenario: string;
  readonly requests: readonly { readonly signal: string; readonly body: Json }[];
}

const folder = new URL('../../test/fixtures/claude-code/', import.meta.url);
const spreadMs = 24 * 3_600_000;
const maxCopies = 200;
const requestTimeoutMs = 15_000;
/** How often one request is sent to a server that asks to wait, and how long a wait is at most. */
const maxAttempts = 6;
const maxWaitS = 10;

/** Resource attribute that marks replayed data wherever it is shown. */
const demoAttributes = { 'bellwether.demo': true, 'user.name': 'demo' } as const;

/**
 * `bellwether demo`: replays recorded sessions of the real client against a running server. Figures are as recorded; times are moved so that the last
 * session ends now, and ids are new, so each run adds sessions of its own.
 */
export async function demo(flags: {
  readonly url: string;
  readonly key?: string;
  readonly copies: string;
}): Promise<number> {
  const copies = Number(flags.copies);
  if (!Number.isInteger(copies) || copies < 1 || copies > maxCopies) {
    throw new BellwetherError({
      code: 'bad_flag',
      message: `--copies must be a whole number from 1 to ${maxCopies}`,
    });
  }
  const send = createSender(flags.url, flags.key ?? process.env.BELLWETHER_KEY);
  const recordings = readRecordings();
  const seed = randomBytes(8).toString('hex');
  const total = copies * recordings.reduce((sum, recording) => sum + recording.requests.length, 0);
  const progress = createProgress('replaying', total);
  const steps = copies * recordings.length;
  for (let step = 0; step < steps; step++) {
    const recording = recordings[step % recordings.length]!;
    const ageMs = Math.round((spreadMs * (steps - 1 - step)) / steps);
    await replayOne(recording, {
      endMs: Date.now() - ageMs,
      seed: `${seed}/${step}`,
      send,
      onSent: progress.step,
    });
  }
  progress.end();
  process.stdout.write(
    `sent ${steps} recorded sessions (${total} requests) to ${flags.url}; they are labelled as demo\n`,
  );
  return 0;
}

function readRecordings(): Recording[] {
  const index = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')) as IndexEntry[];
  const byScenario = new Map<string, { signal: string; body: Json }[]>();
  for (const entry of index) {
    if (entry.contentType !== 'application/json' || entry.contentEncoding !== '') continue;
    const text = readFileSync(new URL(entry.file, folder), 'utf8');
    const body = JSON.parse(text === '' ? '""' : text) as Json;
    if (body === '') continue;
    const requests = byScenario.get(entry.scenario) ?? [];
    requests.push({ signal: entry.signal, body });
    byScenario.set(entry.scenario, requests);
  }
  return [...byScenario].map(([scenario, requests]) => ({ scenario, requests }));
}

type Send = (signal: string, body: Json) => Promise<void>;

async function replayOne(
  recording: Recording,
  options: { endMs: number; seed: string; send: Send; onSent: () => void },
): Promise<void> {
  const latestNs = latestTimeNs(recording.requests.map(({ body }) => body));
  const shiftNs = BigInt(options.endMs) * 1_000_000n - latestNs;
  for (const { signal, body } of recording.requests) {
    await options.send(signal, replay(body, { shiftNs, seed: options.seed, resource: demoAttributes }));
    options.onSent();
  }
}

function createSender(url: string, key: string | undefined): Send {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (key !== undefined) headers.authorization = `Bearer ${key}`;
  return async (signal, body) => {
    const target = new URL(`/v1/${signal}`, url);
    const request = { method: 'POST', headers, body: JSON.stringify(body) };
    let answer = await post(target, request);
    for (let attempt = 1; attempt < maxAttempts && isBusy(answer); attempt++) {
      await sleep(1000 * Math.min(maxWaitS, Number(answer.headers.get('retry-after') ?? 1)));
      answer = await post(target, request);
    }
    if (!answer.ok) throw await refusal(target, answer);
  };
}

type Answer = Awaited<ReturnType<typeof fetch>>;

/** A server that is full or starting asks to be asked again. */
function isBusy({ status }: Answer): boolean {
  return status === 429 || status === 503;
}

async function post(
  target: URL,
  request: { method: string; headers: Record<string, string>; body: string },
): Promise<Answer> {
  try {
    return await fetch(target, { ...request, signal: AbortSignal.timeout(requestTimeoutMs) });
  } catch (cause) {
    throw new BellwetherError({
      code: 'server_unreachable',
      message: `no server answers at ${target.origin} (${messageOf((cause as Error).cause ?? cause)})`,
      hint: 'start one with `npm start`, or name it with --url',
      cause,
    });
  }
}

async function refusal(target: URL, answer: Answer): Promise<BellwetherError> {
  return new BellwetherError({
    code: 'refused',
    message: `the server answered ${answer.status} to ${target.pathname}: ${(await answer.text()).slice(0, 500)}`,
    hint: answer.status === 401 ? 'name a key with --key' : undefined,
  });
}

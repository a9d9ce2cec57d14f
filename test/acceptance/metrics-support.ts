import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import {
  encodeV1,
  encodeV2,
  type FamilyModel,
  type SeriesModel,
} from '../../src/ingest/protocols/remote-write/testing/encode.ts';
import { snappyCompress } from '../../src/lib/snappy.ts';
import { untilTrue } from './server-support.ts';

/** Programs of other people that tests talk to, where Debian puts them. */
const peerPaths = {
  prometheus: '/usr/bin/prometheus',
  promtool: '/usr/bin/promtool',
  'prometheus-alertmanager': '/usr/bin/prometheus-alertmanager',
  amtool: '/usr/bin/amtool',
  'prometheus-node-exporter': '/usr/bin/prometheus-node-exporter',
  'victoria-metrics': '/usr/bin/victoria-metrics',
  vmalert: '/usr/bin/vmalert',
} as const;
export type PeerName = keyof typeof peerPaths;

/** Why tests with these programs cannot run here, for their names; empty when they can. */
export function missingPeers(...names: readonly PeerName[]): string {
  const missing = names.filter((name) => !existsSync(peerPaths[name]));
  return missing.length === 0 ? '' : ` (skipped: ${missing.join(' and ')} not installed)`;
}

/** A program that a test has started. */
export interface Peer {
  readonly process: ChildProcess;
  /** Everything it printed. */
  output(): string;
  /** Resolves when it has ended; does nothing when it has already. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

export function startPeer(name: PeerName, args: readonly string[]): Peer {
  const child = spawn(peerPaths[name], args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (piece) => {
      // The end tells most, and a talkative program must not fill the memory.
      output = (output + piece).slice(-200_000);
    });
  }
  return {
    process: child,
    output: () => output,
    async end(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
}

/** Runs a program to its end. */
export async function runPeer(
  name: PeerName,
  args: readonly string[],
  input = '',
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(peerPaths[name], args);
  child.stdin.end(input);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (piece) => {
    stdout += piece;
  });
  child.stderr.on('data', (piece) => {
    stderr += piece;
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

/** A port of the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Whether a URL answers with 200. */
export async function answersOk(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url);
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

export interface StartedPrometheus extends Peer {
  readonly url: string;
}

/** Starts Debian's Prometheus and waits until it is ready. `port` and `folder` let it be started again as it was. */
export async function startPrometheus(options: {
  readonly configFile: string;
  readonly folder: string;
  readonly port: number;
  readonly flags?: readonly string[];
}): Promise<StartedPrometheus> {
  const url = `http://127.0.0.1:${options.port}`;
  const peer = startPeer('prometheus', [
    `--config.file=${options.configFile}`,
    `--storage.tsdb.path=${options.folder}`,
    `--web.listen-address=127.0.0.1:${options.port}`,
    '--log.level=warn',
    ...(options.flags ?? []),
  ]);
  await untilTrue(async () => {
    if (peer.process.exitCode !== null) throw new Error(`Prometheus ended:\n${peer.output()}`);
    return await answersOk(`${url}/-/ready`);
  });
  return { ...peer, url };
}

export type Params = Readonly<Record<string, string | number | readonly string[]>>;

/** An answer of Prometheus's HTTP API. */
export interface ApiReply {
  readonly code: number;
  readonly headers: Headers;
  readonly status: 'success' | 'error';
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
  readonly data: any;
  readonly errorType?: string;
  readonly error?: string;
  readonly warnings?: string[];
  readonly infos?: string[];
}

export function searchOf(params: Params): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  return search;
}

/** Asks `/api/v1/<endpoint>`. */
export async function api(
  url: string,
  endpoint: string,
  params: Params = {},
  init?: RequestInit,
): Promise<ApiReply> {
  const answer = await fetch(`${url}/api/v1/${endpoint}?${searchOf(params)}`, init);
  const text = await answer.text();
  const body = (text === '' ? {} : JSON.parse(text)) as Omit<ApiReply, 'code' | 'headers'>;
  return { code: answer.status, headers: answer.headers, ...body };
}

/** `data` of a successful answer. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
export async function apiData(url: string, endpoint: string, params: Params = {}): Promise<any> {
  const reply = await api(url, endpoint, params);
  if (reply.status !== 'success') throw new Error(`${reply.code} ${reply.errorType}: ${reply.error}`);
  return reply.data;
}

/** Values of an instant query by their labels, written as JSON with sorted names. */
export async function instant(url: string, query: string, params: Params = {}): Promise<Map<string, string>> {
  const { result } = await apiData(url, 'query', { ...params, query });
  return new Map(
    result.map(({ metric, value }: { metric: Record<string, string>; value: [number, string] }) => [
      labelText(metric),
      value[1],
    ]),
  );
}

/** The one value of an instant query; undefined when there is none. */
export async function scalarOf(url: string, query: string, params: Params = {}): Promise<number | undefined> {
  const values = [...(await instant(url, query, params)).values()];
  if (values.length > 1) throw new Error(`${query} has ${values.length} results`);
  return values[0] === undefined ? undefined : Number(values[0]);
}

/** As `scalarOf`, and undefined also while the server cannot answer. */
export async function scalarIfAny(
  url: string,
  query: string,
  params: Params = {},
): Promise<number | undefined> {
  try {
    return await scalarOf(url, query, params);
  } catch {
    return undefined;
  }
}

export function labelText(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** Sends a remote-write request of version 1.0. */
export function remoteWrite(
  url: string,
  series: SeriesModel[],
  families: FamilyModel[] = [],
): Promise<Response> {
  return sendRemoteWrite(url, encodeV1(series, families), 'application/x-protobuf', '0.1.0');
}

/** Sends a remote-write request of version 2.0. */
export function remoteWrite2(url: string, series: SeriesModel[]): Promise<Response> {
  return sendRemoteWrite(
    url,
    encodeV2(series),
    'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    '2.0.0',
  );
}

function sendRemoteWrite(
  url: string,
  body: Uint8Array,
  contentType: string,
  version: string,
): Promise<Response> {
  return fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': contentType,
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': version,
      'user-agent': 'test-sender/1',
    },
    body: new Uint8Array(snappyCompress(body)),
  });
}

export function seriesModel(
  labels: Readonly<Record<string, string>>,
  samples: readonly (readonly [timeMs: number, value: number])[],
): SeriesModel {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return { labels: sorted, samples: samples.map(([timeMs, value]) => ({ timeMs, value })) };
}

/** Asks until the answer is the expected one; when it never is, fails with the difference to the last answer. */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  expected: unknown,
  limitMs = 15_000,
): Promise<void> {
  let last: { value: T } | { error: unknown } | undefined;
  await untilTrue(async () => {
    try {
      last = { value: await ask() };
      return isDeepStrictEqual(last.value, expected);
    } catch (error) {
      last = { error };
      return false;
    }
  }, limitMs).catch(() => undefined);
  if (last !== undefined && 'error' in last) throw last.error;
  expect(last?.value).toEqual(expected);
}

/** Sends Prometheus's text. */
export async function importText(url: string, text: string): Promise<void> {
  const answer = await fetch(`${url}/api/v1/import/prometheus`, { method: 'POST', body: text });
  expect(answer.status, await answer.clone().text()).toBe(204);
}

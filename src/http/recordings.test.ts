import { readFileSync } from 'node:fs';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createPipeline,
  createSourceRegistry,
  MemoryStreamRegistry,
  otlpProtocols,
  type SourceRegistry,
} from '../ingest/index.ts';
import { createBatch } from '../store/index.ts';
import { type FakeServer, startFakeServer } from './fakes.ts';

/** What real clients sent, over the transport they sent it on, into the real decoders. */

interface Recording {
  readonly file: string;
  readonly signal: 'metrics' | 'logs' | 'traces';
  readonly transport: 'http' | 'grpc';
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly transferEncoding?: string;
  readonly userAgent: string;
  readonly points?: number;
  readonly records?: number;
  readonly spans?: number;
}

const methods = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
} as const;

const folders = ['claude-code', 'anthropic-sdk'].map(
  (name) => new URL(`../../test/fixtures/${name}/`, import.meta.url),
);
const recordings = folders.flatMap((folder) => {
  const index = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')) as Recording[];
  return index.map((recording) => ({ ...recording, bytes: readFileSync(new URL(recording.file, folder)) }));
});

let server: FakeServer;
let sources: SourceRegistry;
let client: grpc.Client;
let plainClient: grpc.Client;

beforeAll(async () => {
  sources = createSourceRegistry();
  const batch = createBatch();
  const intake = createPipeline({
    // Everything is durable at once; what the rows are is the decoders' own test.
    writer: { admit() {}, batch: () => batch, mark() {}, rollback() {}, committed: async () => {} },
    decoders: otlpProtocols,
    registry: new MemoryStreamRegistry(),
    sources,
    clock: Date.now,
    limits: {
      bodyBytes: 64 * 1024 * 1024,
      recordsPerRequest: 100_000,
      attributesPerRecord: 256,
      valueBytes: 256 * 1024,
      valueDepth: 32,
      maxAgeMs: 0,
      maxFutureMs: Number.MAX_SAFE_INTEGER,
    },
  });
  server = await startFakeServer({ intake });
  const address = `127.0.0.1:${server.servers.otlpGrpc!.port}`;
  const credentials = grpc.credentials.createInsecure();
  client = new grpc.Client(address, credentials, { 'grpc.default_compression_algorithm': 2 });
  plainClient = new grpc.Client(address, credentials);
});
afterAll(async () => {
  client.close();
  plainClient.close();
  await server.stop();
});

async function sendHttp(recording: (typeof recordings)[number]): Promise<number> {
  const answer = await fetch(`${server.otlpUrl}/v1/${recording.signal}`, {
    method: 'POST',
    body: new Uint8Array(recording.bytes),
    headers: {
      'content-type': recording.contentType,
      'user-agent': recording.userAgent,
      ...(recording.contentEncoding && { 'content-encoding': recording.contentEncoding }),
    },
  });
  expect([recording.file, answer.status, await answer.text()]).toEqual([
    recording.file,
    200,
    recording.contentType === 'application/json' ? '{}' : '',
  ]);
  return answer.status;
}

function sendGrpc(recording: (typeof recordings)[number]): Promise<void> {
  const same = (bytes: Buffer) => bytes;
  const sender = recording.contentEncoding === 'gzip' ? client : plainClient;
  return new Promise((resolve, reject) => {
    sender.makeUnaryRequest(methods[recording.signal], same, same, recording.bytes, (error) =>
      error === null ? resolve() : reject(error),
    );
  });
}

test('every recording is accepted whole by the transport it was made on', async () => {
  expect(recordings.length).toBeGreaterThan(200);
  const expected = { metrics: 0, logs: 0, traces: 0 };
  for (const recording of recordings) {
    if (recording.transport === 'grpc') await sendGrpc(recording);
    else await sendHttp(recording);
    expected[recording.signal] += recording.points ?? recording.records ?? recording.spans ?? 0;
  }
  const counted = { metrics: 0, logs: 0, traces: 0, unknown: 0 };
  for (const source of sources.list(Date.now()).sources) {
    expect([source.service, source.rejected, source.reasons]).toEqual([source.service, 0, []]);
    counted[source.signal] += source.accepted;
  }
  expect(counted).toEqual({ ...expected, unknown: 0 });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportByGrpc } from './grpc-support.ts';
import {
  getJson,
  post,
  type RecordedRequest,
  recordings,
  startTestServer,
  type TestServer,
} from './server-support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.remove());

const all = [...recordings('claude-code'), ...recordings('anthropic-sdk')];
const count = ({ points = 0, records = 0, spans = 0 }: RecordedRequest) => points + records + spans;

async function acceptedBySignal(protocol: string): Promise<Record<string, number>> {
  const { sources } = await getJson(`${server.url}/api/sources`);
  const sums: Record<string, number> = {};
  for (const source of sources) {
    if (source.protocol !== protocol) continue;
    sums[source.signal] = (sums[source.signal] ?? 0) + source.accepted;
    expect(source.rejected, JSON.stringify(source.reasons)).toBe(0);
  }
  return sums;
}

function expectedBySignal(list: readonly RecordedRequest[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const recording of list) {
    if (count(recording) > 0) sums[recording.signal] = (sums[recording.signal] ?? 0) + count(recording);
  }
  return sums;
}

describe('every recorded request is accepted as it was sent, and counted exactly', () => {
  test.each([
    ['application/x-protobuf', 'otlp/http+protobuf'],
    ['application/json', 'otlp/http+json'],
  ])('over HTTP as %s', async (contentType, protocol) => {
    const mine = all.filter(
      (recording) => recording.transport === 'http' && recording.contentType === contentType,
    );
    expect(mine.length).toBeGreaterThan(10);
    for (const [index, recording] of mine.entries()) {
      // Both ports that take OTLP over HTTP, by turns.
      const answer = await post(index % 2 === 0 ? server.otlpHttpUrl! : server.url, recording);
      expect(answer.status, `${recording.file}: ${await answer.clone().text()}`).toBe(200);
      expect(answer.headers.get('content-type')).toContain(contentType);
    }
    expect(await acceptedBySignal(protocol)).toEqual(expectedBySignal(mine));
  });

  test('over gRPC', async () => {
    const mine = all.filter((recording) => recording.transport === 'grpc');
    expect(mine.length).toBeGreaterThan(10);
    for (const recording of mine) await exportByGrpc(server.otlpGrpcAddress!, recording);
    expect(await acceptedBySignal('otlp/grpc')).toEqual(expectedBySignal(mine));
  });
});

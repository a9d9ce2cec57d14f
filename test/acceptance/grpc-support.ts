import { credentials, Metadata, makeGenericClientConstructor } from '@grpc/grpc-js';
import type { RecordedRequest } from './server-support.ts';

const services = { metrics: 'Metrics', logs: 'Logs', traces: 'Trace' } as const;

/** Sends a recorded gRPC message as it was sent. */
export function exportByGrpc(address: string, recording: RecordedRequest): Promise<Buffer> {
  const service = services[recording.signal];
  const identity = (bytes: Buffer) => bytes;
  const Client = makeGenericClientConstructor(
    {
      Export: {
        path: `/opentelemetry.proto.collector.${recording.signal === 'traces' ? 'trace' : recording.signal}.v1.${service}Service/Export`,
        requestStream: false,
        responseStream: false,
        requestSerialize: identity,
        requestDeserialize: identity,
        responseSerialize: identity,
        responseDeserialize: identity,
      },
    },
    service,
  );
  const compression = recording.contentEncoding === 'gzip' ? { 'grpc.default_compression_algorithm': 2 } : {};
  const client = new Client(address, credentials.createInsecure(), compression);
  return new Promise((resolve, reject) => {
    client.Export!(recording.body, new Metadata(), (error: Error | null, answer: Buffer) => {
      client.close();
      if (error) reject(error);
      else resolve(answer);
    });
  });
}

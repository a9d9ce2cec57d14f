import type { Protocol } from '../../types.ts';
import { decodeLogsJson } from './logs-json.ts';
import { decodeLogsProtobuf } from './logs-protobuf.ts';
import { decodeMetricsJson } from './metrics-json.ts';
import { decodeMetricsProtobuf } from './metrics-protobuf.ts';
import { decodeTracesJson } from './traces-json.ts';
import { decodeTracesProtobuf } from './traces-protobuf.ts';

export const otlpLogsProtobuf: Protocol = {
  name: 'otlp',
  signal: 'logs',
  contentType: 'application/x-protobuf',
  decode: decodeLogsProtobuf,
};

export const otlpLogsJson: Protocol = {
  name: 'otlp',
  signal: 'logs',
  contentType: 'application/json',
  decode: decodeLogsJson,
};

export const otlpTracesProtobuf: Protocol = {
  name: 'otlp',
  signal: 'traces',
  contentType: 'application/x-protobuf',
  decode: decodeTracesProtobuf,
};

export const otlpTracesJson: Protocol = {
  name: 'otlp',
  signal: 'traces',
  contentType: 'application/json',
  decode: decodeTracesJson,
};

export const otlpMetricsProtobuf: Protocol = {
  name: 'otlp',
  signal: 'metrics',
  contentType: 'application/x-protobuf',
  decode: decodeMetricsProtobuf,
};

export const otlpMetricsJson: Protocol = {
  name: 'otlp',
  signal: 'metrics',
  contentType: 'application/json',
  decode: decodeMetricsJson,
};

/** Every OTLP signal in every encoding. */
export const otlpProtocols: readonly Protocol[] = [
  otlpLogsProtobuf,
  otlpLogsJson,
  otlpTracesProtobuf,
  otlpTracesJson,
  otlpMetricsProtobuf,
  otlpMetricsJson,
];

import type { PrometheusWrite, PrometheusWrites, WriteRequest } from '../http/index.ts';
import {
  createRemoteWriteState,
  type DecodeContext,
  type DecodeOutcome,
  decodeInfluxLines,
  decodePrometheusText,
  decodeRemoteWriteV1,
  decodeRemoteWriteV2,
  type InfluxPrecision,
  isInfluxPrecision,
  parsePushPath,
  type RemoteWriteOutcome,
  type RemoteWriteState,
  SeriesCache,
  statusOf,
} from '../ingest/index.ts';
import { BellwetherError } from '../lib/errors.ts';
import { snappyOutputBytes, snappyUncompress } from '../lib/snappy.ts';
import type { KeptPushGroups } from './push-groups.ts';

const REMOTE_WRITE = '/api/v1/write';
const IMPORT = '/api/v1/import/prometheus';
const INFLUX_PATHS = new Set(['/write', '/api/v2/write', '/influx/write', '/influx/api/v2/write']);
const PUSH = /^\/metrics\/job(@base64)?\//;
const V2 = 'io.prometheus.write.v2.Request';
/** Uncompressed memory that is kept for the next request. */
const KEPT_BYTES = 8 * 1024 * 1024;

export interface WritesOptions {
  readonly maxBodyBytes: number;
  /** How long samples are kept, milliseconds; older ones are refused. 0: for ever. */
  readonly maxAgeMs: number;
  readonly pushed: KeptPushGroups;
}

type Answer = PrometheusWrite['answer'];

/** Everything that brings samples in Prometheus's, the Pushgateway's and InfluxDB's ways. */
export function createPrometheusWrites({ maxBodyBytes, maxAgeMs, pushed }: WritesOptions): PrometheusWrites {
  const remoteWrite = createRemoteWriteState();
  const cache = new SeriesCache();
  const unpack = createUnpacker(maxBodyBytes);
  const prepare = (request: WriteRequest): PrometheusWrite => {
    if (PUSH.test(request.path)) return preparePush(pushed, request);
    mustBePost(request);
    if (request.path === REMOTE_WRITE) return prepareRemoteWrite(remoteWrite, unpack, request);
    const body = request.isSnappy ? unpack(request.body) : request.body;
    if (request.path === IMPORT) return prepareImport(cache, { ...request, body });
    return prepareInflux(cache, { ...request, body });
  };
  return {
    handles: (path) => path === REMOTE_WRITE || path === IMPORT || INFLUX_PATHS.has(path) || PUSH.test(path),
    protocolOf: ({ path, contentType }) => protocolOf(path, contentType),
    prepare(request) {
      const { decode, answer } = prepare(request);
      // These are samples only: what outlives them elsewhere is not made of them.
      return {
        decode: (context) => decode({ ...context, limits: { ...context.limits, maxAgeMs } }),
        answer,
      };
    },
  };
}

function protocolOf(path: string, contentType: string | undefined): string {
  if (path === REMOTE_WRITE) return contentType?.includes(V2) ? 'remote_write/2' : 'remote_write/1';
  if (path === IMPORT) return 'import/prometheus';
  return PUSH.test(path) ? 'pushgateway' : 'influx';
}

/** One buffer serves request after request: a body is decoded before the next one is unpacked. */
function createUnpacker(maxBytes: number): (body: Uint8Array) => Uint8Array {
  let buffer = new Uint8Array(0);
  return (body) => {
    const unpacked = snappyUncompress(body, maxBytes, buffer);
    const neededBytes = snappyOutputBytes(unpacked.byteLength);
    if (neededBytes > buffer.byteLength && neededBytes <= KEPT_BYTES) buffer = new Uint8Array(neededBytes);
    return unpacked;
  };
}

function prepareRemoteWrite(
  state: RemoteWriteState,
  unpack: (body: Uint8Array) => Uint8Array,
  request: WriteRequest,
): PrometheusWrite {
  const isV2 = mustBeProtobuf(request.contentType).includes(V2);
  const body = unpack(request.body);
  const decodeVersion = isV2 ? decodeRemoteWriteV2 : decodeRemoteWriteV1;
  let outcome: RemoteWriteOutcome | undefined;
  return {
    decode(context) {
      outcome = decodeVersion(body, context, state, { userAgent: request.userAgent });
      return outcome;
    },
    answer({ message }) {
      const { samples, histograms, exemplars } = outcome!.written;
      const headers = {
        'X-Prometheus-Remote-Write-Samples-Written': String(samples),
        'X-Prometheus-Remote-Write-Histograms-Written': String(histograms),
        'X-Prometheus-Remote-Write-Exemplars-Written': String(exemplars),
      };
      const status = statusOf(outcome!);
      return status === 204 ? { status, headers } : { status, headers, text: `${message}\n` };
    },
  };
}

function mustBeProtobuf(contentType = 'application/x-protobuf'): string {
  const [type] = contentType.split(';', 1);
  if (type!.trim().toLowerCase() === 'application/x-protobuf') return contentType;
  throw new BellwetherError({
    code: 'unsupported_media_type',
    status: 415,
    message: `remote write cannot be sent as ${JSON.stringify(contentType.slice(0, 100))}`,
    hint: 'send application/x-protobuf, compressed with snappy',
  });
}

function mustBePost({ method, path }: WriteRequest): void {
  if (method === 'POST') return;
  throw new BellwetherError({
    code: 'method_not_allowed',
    status: 405,
    message: `${method} is not possible at ${path}`,
    hint: 'samples are sent with POST',
  });
}

/** 204, or 400 with the reasons when something was refused; what was not is stored. */
const partialAnswer: Answer = ({ rejected, message }) =>
  rejected === 0 ? { status: 204 } : { status: 400, text: `${message}\n` };

function prepareImport(cache: SeriesCache, { params, body, contentType }: WriteRequest): PrometheusWrite {
  const text = params.get('timestamp');
  const timestampMs = text === null ? undefined : Number(text);
  if (timestampMs !== undefined && !Number.isSafeInteger(timestampMs)) {
    throw badParameter('timestamp must be milliseconds since the epoch');
  }
  const options = { cache, timestampMs, extraLabels: extraLabelsOf(params) };
  return {
    decode: (context) => decodePrometheusText(body, plainTextOr(contentType), context, options),
    answer: partialAnswer,
  };
}

/** What curl sends when nobody thought of a type. */
function plainTextOr(contentType: string | undefined): string | undefined {
  return contentType?.startsWith('application/x-www-form-urlencoded') ? undefined : contentType;
}

function prepareInflux(cache: SeriesCache, { params, body }: WriteRequest): PrometheusWrite {
  const db = params.get('db') ?? params.get('bucket') ?? '';
  const options = {
    cache,
    precision: precisionOf(params.get('precision')),
    defaultLabels: db === '' ? [] : [['db', db] as const],
    extraLabels: extraLabelsOf(params),
  };
  return { decode: (context) => decodeInfluxLines(body, context, options), answer: partialAnswer };
}

function precisionOf(text: string | null): InfluxPrecision | undefined {
  if (text === null || text === '') return undefined;
  if (isInfluxPrecision(text)) return text;
  throw badParameter(`${JSON.stringify(text)} is no precision: use ns, us, ms, s, m or h`);
}

function extraLabelsOf(params: URLSearchParams): (readonly [string, string])[] {
  return params.getAll('extra_label').map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) throw badParameter('extra_label must be name=value');
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
}

function badParameter(message: string): BellwetherError {
  return new BellwetherError({ code: 'bad_parameter', status: 400, message });
}

function preparePush({ groups, changed }: KeptPushGroups, request: WriteRequest): PrometheusWrite {
  const grouping = parsePushPath(request.path);
  const { method, body, contentType } = request;
  if (method !== 'PUT' && method !== 'POST' && method !== 'DELETE') {
    throw new BellwetherError({
      code: 'method_not_allowed',
      status: 405,
      message: `${method} is not possible at ${request.path}`,
      hint: 'PUT replaces a group, POST its metrics of the same names, DELETE removes it',
    });
  }
  return {
    decode(context: DecodeContext): DecodeOutcome {
      const { nowMs } = context;
      if (method === 'DELETE') groups.delete(grouping);
      else groups.push({ method, grouping, body, contentType: plainTextOr(contentType), nowMs });
      changed();
      return groups.writeGroup(grouping, context);
    },
    answer({ rejected, message }) {
      if (rejected > 0) return { status: 400, text: `${message}\n` };
      return { status: method === 'DELETE' ? 202 : 200 };
    },
  };
}

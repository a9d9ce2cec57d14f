import { BellwetherError } from '../lib/errors.ts';
import { parseTime } from '../lib/time.ts';
import { parseDurationMs } from '../lib/units.ts';
import { fetchText } from './ask-server.ts';
import { type ApiResult, drawResult, type QueryFormat } from './query-output.ts';

export interface QueryFlags {
  readonly url: string;
  readonly key?: string;
  readonly time?: string;
  readonly from?: string;
  readonly to: string;
  readonly step?: string;
  readonly format: QueryFormat;
  readonly explain?: boolean;
}

/** Points of a range query whose step is not given: about as many as a terminal is wide. */
const DEFAULT_POINTS = 120;

/** `bellwether query`: asks a running server a PromQL question, at one moment or, with `--from`, over a range. */
export async function query(expression: string, flags: QueryFlags): Promise<number> {
  const params = paramsOf(expression, flags, Date.now());
  const endpoint = flags.explain === true ? 'explain' : flags.from === undefined ? 'query' : 'query_range';
  const answer = await ask(`${flags.url.replace(/\/+$/, '')}/api/v1/${endpoint}`, params, flags);
  for (const text of [...(answer.warnings ?? []), ...(answer.infos ?? [])]) process.stderr.write(`${text}\n`);
  if (flags.explain === true || flags.format === 'json') {
    process.stdout.write(`${JSON.stringify(answer.data, undefined, 2)}\n`);
    return 0;
  }
  process.stdout.write(drawResult(answer.data as ApiResult, flags.format, process.stdout.columns ?? 100));
  return 0;
}

function paramsOf(expression: string, flags: QueryFlags, nowMs: number): URLSearchParams {
  const params = new URLSearchParams({ query: expression });
  const seconds = (text: string, name: string) => String(parseTime(text, name, nowMs) / 1000);
  if (flags.from === undefined) {
    if (flags.time !== undefined) params.set('time', seconds(flags.time, 'time'));
    return params;
  }
  params.set('start', seconds(flags.from, 'from'));
  params.set('end', seconds(flags.to, 'to'));
  const rangeMs = parseTime(flags.to, 'to', nowMs) - parseTime(flags.from, 'from', nowMs);
  const stepMs =
    flags.step === undefined
      ? Math.ceil(rangeMs / DEFAULT_POINTS / 1000) * 1000
      : parseDurationMs(flags.step);
  if (stepMs === undefined) {
    throw new BellwetherError({ code: 'bad_flag', message: '--step must be a duration such as 30s or 5m' });
  }
  params.set('step', String(Math.max(1, stepMs) / 1000));
  return params;
}

interface Envelope {
  readonly status: string;
  readonly data?: unknown;
  readonly error?: string;
  readonly hint?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

async function ask(url: string, params: URLSearchParams, flags: QueryFlags): Promise<Envelope> {
  const contentType = 'application/x-www-form-urlencoded';
  const { text } = await fetchText(url, { method: 'POST', contentType, body: params.toString() }, flags.key);
  const answer = parse(text, url);
  if (answer.status === 'success') return answer;
  throw new BellwetherError({
    code: 'query_failed',
    message: answer.error ?? text.slice(0, 200),
    hint: answer.hint,
  });
}

function parse(text: string, url: string): Envelope {
  try {
    return JSON.parse(text) as Envelope;
  } catch (error) {
    throw new BellwetherError({ code: 'no_answer', message: `${url} did not answer JSON`, cause: error });
  }
}

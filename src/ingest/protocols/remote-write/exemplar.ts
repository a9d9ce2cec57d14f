import type { Label } from '../../series-id.ts';
import type { ExemplarFacts } from '../../series-rows.ts';
import { type OrRefusal, refused } from './labels.ts';

/** Characters of all names and values of an exemplar's labels, as in OpenMetrics 1.0. */
const MAX_EXEMPLAR_LENGTH = 128;
/** More cannot fit; further ones are not looked at, the length refuses the exemplar. */
export const MAX_EXEMPLAR_LABELS = MAX_EXEMPLAR_LENGTH + 1;
const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;

/**
 * An exemplar with what its labels `trace_id` and `span_id` say apart. Ids that are not written as OpenTelemetry writes them stay
 * labels, so that they come back as they were sent.
 */
export function exemplarFacts(value: number, labels: readonly Label[]): OrRefusal<ExemplarFacts> {
  const length = labels.reduce((sum, [name, text]) => sum + [...name].length + [...text].length, 0);
  if (length > MAX_EXEMPLAR_LENGTH) {
    const message = `the labels of an exemplar have ${length} characters, at most ${MAX_EXEMPLAR_LENGTH} are allowed`;
    return refused('exemplar_too_long', message);
  }
  const traceId = idOf(labels, 'trace_id', TRACE_ID);
  const spanId = idOf(labels, 'span_id', SPAN_ID);
  const rest = labels.filter(
    ([name]) =>
      !(name === 'trace_id' && traceId !== undefined) && !(name === 'span_id' && spanId !== undefined),
  );
  return { value, traceId, spanId, labels: rest };
}

function idOf(labels: readonly Label[], name: string, pattern: RegExp): Uint8Array | undefined {
  const text = labels.find((label) => label[0] === name)?.[1];
  return text !== undefined && pattern.test(text) ? Buffer.from(text, 'hex') : undefined;
}

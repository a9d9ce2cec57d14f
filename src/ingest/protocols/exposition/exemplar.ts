import type { ExemplarFacts } from '../../series-rows.ts';
import type { ExpositionExemplar } from './sink.ts';

/** Characters of all names and values of an exemplar's labels, as in OpenMetrics 1.0. */
const MAX_LABEL_CHARACTERS = 128;
const TRACE_ID = /^[0-9a-f]{32}$/i;
const SPAN_ID = /^[0-9a-f]{16}$/i;
const TRACE_NAMES = ['trace_id', 'traceID', 'traceId'];
const SPAN_NAMES = ['span_id', 'spanID', 'spanId'];

/** An exemplar for `SeriesRows.exemplar`: labels that hold the ids of a trace and a span, under their usual names, become bytes. */
export function toExemplarFacts(exemplar: Pick<ExpositionExemplar, 'labels' | 'value'>): ExemplarFacts {
  const { labels, value } = exemplar;
  const trace = TRACE_NAMES.find((name) => TRACE_ID.test(labels.get(name)));
  const span = SPAN_NAMES.find((name) => SPAN_ID.test(labels.get(name)));
  return {
    value,
    traceId: trace === undefined ? undefined : Buffer.from(labels.get(trace), 'hex'),
    spanId: span === undefined ? undefined : Buffer.from(labels.get(span), 'hex'),
    labels: [...labels.entries()].filter(([name]) => name !== trace && name !== span),
  };
}

/** Whether an exemplar has more in its labels than OpenMetrics allows; Prometheus leaves those out. */
export function isTooLong({ labels }: Pick<ExpositionExemplar, 'labels'>): boolean {
  let characters = 0;
  for (const [name, value] of labels.entries()) characters += name.length + value.length;
  return characters > MAX_LABEL_CHARACTERS;
}

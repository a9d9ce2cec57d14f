import type { HistoryEventJson } from '../../contract/index.ts';
import { parseTimeRange } from '../../lib/time.ts';
import type { HistoryCursor } from './cursor.ts';
import { type AlertHistoryReader, eventOf } from './event-rows.ts';
import { type HistoryFilter, placeOf, readPage } from './history.ts';

export type HistoryExportFormat = 'ndjson' | 'csv';

/** Events per query: what is sent slowly does not keep the engine busy in between. */
const PAGE_EVENTS = 5_000;

type Cell = (event: HistoryEventJson) => string;
const COLUMNS: readonly (readonly [name: string, cell: Cell])[] = [
  ['at', (event) => event.at],
  ['kind', (event) => event.kind],
  ['name', (event) => event.name],
  ['severity', (event) => event.severity],
  ['priority', (event) => event.priority ?? ''],
  ['fingerprint', (event) => event.fingerprint],
  ['rule_id', (event) => event.rule_id],
  ['receiver', (event) => event.receiver],
  ['integration', (event) => event.integration],
  ['channel', (event) => event.channel],
  ['reason', (event) => event.reason],
  ['actor', (event) => event.actor],
  ['detail', (event) => event.detail],
  ['value', (event) => numberText(event.value)],
  ['latency_ms', (event) => numberText(event.latency_ms)],
  ['attempts', (event) => String(event.attempts)],
  ['labels', (event) => JSON.stringify(event.labels)],
  ['id', (event) => event.id],
];

/**
 * All events of a range as text, newest first, piece by piece: a JSON object per line as in the API, or CSV (RFC 4180) with a header. The
 * range is the bound.
 *
 * Iterating throws BellwetherError 400 `bad_time`, `bad_range`, `bad_kind` before the first piece, and the store's errors.
 */
export async function* exportHistory(
  reader: AlertHistoryReader,
  options: { readonly filter: HistoryFilter; readonly format: HistoryExportFormat; readonly nowMs: number },
): AsyncGenerator<string> {
  const { filter, format, nowMs } = options;
  const range = parseTimeRange(filter, nowMs);
  const line = format === 'csv' ? csvLine : jsonLine;
  let behind: HistoryCursor | undefined;
  let isFirst = true;
  for (;;) {
    const rows = await readPage(reader, { range, filter, behind, limit: PAGE_EVENTS });
    const header = isFirst && format === 'csv' ? csvRow(COLUMNS.map(([name]) => name)) : '';
    const text = header + rows.map((row) => line(eventOf(row))).join('');
    if (text !== '') yield text;
    isFirst = false;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_EVENTS) return;
    behind = placeOf(last, range);
  }
}

function jsonLine(event: HistoryEventJson): string {
  return `${JSON.stringify(event)}\n`;
}

function csvLine(event: HistoryEventJson): string {
  return csvRow(COLUMNS.map(([, cell]) => cell(event)));
}

function csvRow(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/**
 * A text that a spreadsheet would take for a formula gets an apostrophe in front: labels come from strangers. Plain negative numbers stay.
 */
export function csvCell(text: string): string {
  const isFormula = /^[=+\-@\t\r\n]/.test(text) && !/^-\d+(\.\d+)?(e[+-]?\d+)?$/.test(text);
  const safe = isFormula ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function numberText(value: number | null): string {
  return value === null ? '' : String(value);
}

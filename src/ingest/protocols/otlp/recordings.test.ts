import { describe, expect, it } from 'vitest';
import { rowsOf } from '../../../store/testing/native-rows.ts';
import { decodeLogsJson } from './logs-json.ts';
import { decodeLogsProtobuf } from './logs-protobuf.ts';
import { bodyOf, isJson, type Recording, recordings, testContext } from './testing/context.ts';
import { decodeTracesJson } from './traces-json.ts';
import { decodeTracesProtobuf } from './traces-protobuf.ts';

function decoded(recording: Recording) {
  const context = testContext();
  const body = bodyOf(recording);
  const decode =
    recording.signal === 'logs'
      ? isJson(recording)
        ? decodeLogsJson
        : decodeLogsProtobuf
      : isJson(recording)
        ? decodeTracesJson
        : decodeTracesProtobuf;
  const outcome = decode(body, context);
  return {
    outcome,
    streams: rowsOf(context.batch.streams),
    rows: rowsOf(recording.signal === 'logs' ? context.batch.logs : context.batch.spans),
  };
}

function tallyNames(names: readonly string[]): Record<string, number> {
  const tally: Record<string, number> = {};
  for (const name of names) tally[name] = (tally[name] ?? 0) + 1;
  return tally;
}

function attributeOf(row: Record<string, unknown>, key: string): string {
  return (row.attributes as [string, string][]).find(([name]) => name === key)?.[1] ?? '';
}

describe('recorded logs', () => {
  for (const recording of recordings('logs')) {
    it(`${recording.file} has its ${recording.records} records`, () => {
      const { outcome, rows, streams } = decoded(recording);
      expect(outcome.rejected).toBe(0);
      expect(outcome.accepted).toBe(recording.records);
      expect(rows.length).toBe(recording.records);
      expect(tallyNames(rows.map((row) => attributeOf(row, 'event.name')))).toEqual(recording.names);
      expect(streams.length).toBe(1);
      expect(rows.every((row) => row.stream_id === streams[0]!.stream_id)).toBe(true);
      expect(rows.every((row) => String(row.body) === `claude_code.${attributeOf(row, 'event.name')}`)).toBe(
        true,
      );
      for (const row of rows) {
        expect((row.attributes as []).length).toBe(String(row.attribute_types).length);
      }
    });
  }
});

describe('recorded traces', () => {
  for (const recording of recordings('traces')) {
    it(`${recording.folder} ${recording.file} has its ${recording.spans} spans`, () => {
      const { outcome, rows } = decoded(recording);
      expect(outcome.rejected).toBe(0);
      expect(outcome.accepted).toBe(recording.spans);
      expect(tallyNames(rows.map((row) => String(row.name)))).toEqual(recording.names);
      expect(rows.every((row) => (row.duration_ns as bigint) < 3_600_000_000_000n)).toBe(true);
    });
  }
});

/** Ids, times and figures that differ between two runs of the same scenario. */
const VARYING =
  /\.id$|_id$|uuid|timestamp|duration|ttft|_ms$|^interaction\.sequence$|path|cwd|hash|elapsed|port$|url\.full|time_to_first|request-id|^gen_ai\.response\.id/;

/** What two recordings of the same scenario must have in common, whatever the encoding. */
function essence(list: readonly Recording[]) {
  const rows = list.flatMap((recording) => decoded(recording).rows);
  return rows
    .map((row) => {
      const types = String(row.attribute_types);
      const attributes = (row.attributes as [string, string][]).map(([key, value], i) => [
        key,
        types[i],
        VARYING.test(key) ? '' : value,
      ]);
      return JSON.stringify([
        row.name ?? row.body,
        row.kind,
        row.status_code,
        row.severity_number,
        attributes.sort(),
      ]);
    })
    .sort();
}

describe('protobuf and JSON recordings of one scenario', () => {
  const pairs = [
    ['simple', 'simple-json'],
    ['tools-detail', 'tools-detail-json'],
    ['subagent', 'subagent-json'],
    ['multi-turn', 'multi-turn-json'],
    ['errors-exhausted', 'errors-exhausted-json'],
    ['sdk-bot', 'sdk-bot-json'],
  ];
  for (const signal of ['logs', 'traces'] as const) {
    for (const [protobuf, json] of pairs) {
      const ofScenario = (name?: string) => recordings(signal).filter(({ scenario }) => scenario === name);
      if (ofScenario(protobuf).length === 0) continue;
      it(`${signal} of ${protobuf}`, () => {
        expect(essence(ofScenario(json))).toEqual(essence(ofScenario(protobuf)));
      });
    }
  }
});

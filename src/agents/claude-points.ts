import type { ObservedPoint } from '../model/telemetry.ts';
import type { Batch } from '../store/index.ts';
import { textOf } from './attributes.ts';
import type { RecordOwner } from './owner.ts';
import { querySourceOf } from './query-source.ts';

/** What a counter measures, and the attribute that divides it. */
interface Measure {
  readonly measure: string;
  readonly partKey: string;
}

const MEASURES: Readonly<Record<string, Measure>> = {
  'claude_code.session.count': { measure: 'session', partKey: 'start_type' },
  'claude_code.lines_of_code.count': { measure: 'lines', partKey: 'type' },
  'claude_code.pull_request.count': { measure: 'pull_requests', partKey: '' },
  'claude_code.commit.count': { measure: 'commits', partKey: '' },
  'claude_code.cost.usage': { measure: 'cost', partKey: '' },
  'claude_code.token.usage': { measure: 'tokens', partKey: 'type' },
  'claude_code.code_edit_tool.decision': { measure: 'decisions', partKey: 'decision' },
  'claude_code.active_time.total': { measure: 'active_time', partKey: 'type' },
};

/** A counter of agents beyond this is nonsense; sums of millionths of it still fit an integer. */
const MAX_VALUE = 1e9;

/** The measure of one of Claude Code's counters, or undefined when the point is none or its value cannot be one. */
export function measureOf(point: ObservedPoint): Measure | undefined {
  if (!Object.hasOwn(MEASURES, point.metric)) return undefined;
  return point.value >= 0 && point.value <= MAX_VALUE ? MEASURES[point.metric] : undefined;
}

export function appendPoint(
  batch: Batch,
  owner: RecordOwner,
  point: ObservedPoint,
  { measure, partKey }: Measure,
): void {
  const { attributes } = point;
  const { source, agentName } = querySourceOf(attributes);
  const rows = batch.agent_points;
  rows.session_id.append(owner.sessionId);
  rows.ts.append(Math.floor(point.tsMs));
  rows.start_ts.append(startOf(point));
  rows.series_id.appendBigInt(point.seriesId);
  rows.is_delta.append(point.isDelta ? 1 : 0);
  rows.measure.append(measure);
  rows.part.append(partKey === '' ? '' : textOf(attributes, partKey, 64));
  rows.value.append(point.value);
  rows.client.append(owner.client);
  rows.client_version.append(owner.clientVersion);
  rows.user.append(owner.user);
  rows.stream_id.appendBigInt(owner.streamId);
  rows.model.append(textOf(attributes, 'model'));
  rows.query_source.append(source);
  rows.agent_name.append(agentName);
  rows.tool_name.append(textOf(attributes, 'tool_name'));
  rows.demo.append(owner.isDemo ? 1 : 0);
}

/** A start that cannot be one is left out: the interval of a delta is then empty, a total has no known start. */
export function startOf(point: ObservedPoint): number {
  const startMs = Math.floor(point.startMs);
  if (startMs > 0 && startMs <= point.tsMs) return startMs;
  return point.isDelta ? Math.floor(point.tsMs) : 0;
}

import type { TimelineEntry, TimelineKind } from '@contract';
import {
  Ban,
  Bot,
  CircleAlert,
  CircleDot,
  FoldVertical,
  MessageSquare,
  ShieldQuestionMark,
  Sparkles,
  TriangleAlert,
  Wrench,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { formatBytes, formatCompact, formatDuration, plural, shortModel } from '../../lib/format.ts';
import { type TimelineNode, tokensOf } from './session-tree.ts';

interface KindLook {
  one: string;
  many: string;
  icon: ReactNode;
  /** CSS variable. */
  colour: string;
}

/** How each kind of timeline entry looks and reads, in the order the lanes are drawn. */
export const kindLooks: Record<TimelineKind, KindLook> = {
  prompt: { one: 'Prompt', many: 'Prompts', icon: <MessageSquare aria-hidden />, colour: '--series-4' },
  api_request: {
    one: 'Model request',
    many: 'Model requests',
    icon: <Sparkles aria-hidden />,
    colour: '--series-1',
  },
  tool_call: { one: 'Tool call', many: 'Tool calls', icon: <Wrench aria-hidden />, colour: '--series-2' },
  subagent: { one: 'Subagent', many: 'Subagents', icon: <Bot aria-hidden />, colour: '--series-3' },
  tool_decision: {
    one: 'Decision',
    many: 'Decisions',
    icon: <ShieldQuestionMark aria-hidden />,
    colour: '--series-8',
  },
  compaction: {
    one: 'Compaction',
    many: 'Compactions',
    icon: <FoldVertical aria-hidden />,
    colour: '--series-11',
  },
  refusal: { one: 'Refusal', many: 'Refusals', icon: <Ban aria-hidden />, colour: '--bad' },
  api_error: {
    one: 'Failed request',
    many: 'Failed requests',
    icon: <CircleAlert aria-hidden />,
    colour: '--bad',
  },
  error: { one: 'Error', many: 'Errors', icon: <TriangleAlert aria-hidden />, colour: '--bad' },
  other: { one: 'Other event', many: 'Other events', icon: <CircleDot aria-hidden />, colour: '--series-12' },
};

export const kindOrder = Object.keys(kindLooks) as TimelineKind[];

/** What an entry says about itself beyond its name. */
export function entryText(entry: TimelineEntry): string {
  if (entry.error !== '') return entry.error;
  if (entry.kind === 'api_request' || entry.kind === 'api_error') return requestText(entry);
  if (entry.kind === 'tool_call' || entry.kind === 'tool_decision') return toolText(entry);
  return '';
}

/** The words beside or inside a bar: what the columns do not already say. */
export function barText(node: TimelineNode): string {
  const { entry } = node;
  if (!entry || entry.kind === 'prompt' || entry.kind === 'subagent') return workText(node);
  return entryText(entry);
}

function workText(node: TimelineNode): string {
  return [
    node.requests > 0 && plural(node.requests, 'request'),
    node.tools > 0 && plural(node.tools, 'tool call'),
    node.failures > 0 && `${node.failures} failed`,
  ]
    .filter(Boolean)
    .join(' · ');
}

function requestText(entry: TimelineEntry): string {
  const tokens = tokensOf(entry);
  return [
    entry.model !== '' && entry.model !== entry.name && shortModel(entry.model),
    tokens > 0 && `${formatCompact(tokens)} tokens`,
    entry.attempts > 1 && `${entry.attempts} attempts`,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Automatic decisions take milliseconds; longer ones were a person's. */
const waitShownMs = 1000;

function toolText(entry: TimelineEntry): string {
  const bytes = Number(entry.attributes.tool_result_size_bytes);
  const byPerson = entry.decision_source.startsWith('user');
  const waitedMs = Number(entry.attributes.blocked_on_user_ms);
  return [
    entry.failed && 'failed',
    entry.decision === 'reject' && 'rejected',
    entry.decision === 'accept' && byPerson && 'allowed by a person',
    waitedMs >= waitShownMs && `after ${formatDuration(waitedMs)}`,
    Number.isFinite(bytes) && bytes > 0 && formatBytes(bytes),
  ]
    .filter(Boolean)
    .join(' · ');
}

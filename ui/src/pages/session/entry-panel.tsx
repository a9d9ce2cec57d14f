import type { SessionDetail, TimelineEntry } from '@contract';
import {
  CopyButton,
  Facts,
  SidePanel,
  SideSection,
  StatusDot,
  useShownZone,
} from '../../components/index.ts';
import {
  fromMicros,
  isFailure,
  kindLooks,
  type SessionTree,
  type TimelineNode,
  tokensOf,
  toolCosts,
} from '../../components/waterfall/index.ts';
import {
  formatAbsolute,
  formatClock,
  formatCount,
  formatDuration,
  formatUsd,
  formatUsdExact,
} from '../../lib/format.ts';
import css from './session.module.css';
import { TokenBar } from './token-bar.tsx';

/** Everything that is known about one step. */
export function EntryPanel(props: {
  session: SessionDetail;
  tree: SessionTree;
  selected: string;
  onSelect: (id: string | null, options?: { replace?: boolean }) => void;
}) {
  const { tree, selected, onSelect } = props;
  // A decision that is folded into its tool call in the tree still has a row of its own among the events.
  const entry = tree.byId.get(selected)?.entry ?? props.session.timeline.find((one) => one.id === selected);
  const node = tree.byId.get(selected);
  if (!entry && !node) return null;
  const at = node ? tree.ordered.indexOf(node) : -1;
  const step = (by: number) => {
    const to = at < 0 ? undefined : tree.ordered[at + by];
    return to ? () => onSelect(to.id, { replace: true }) : undefined;
  };
  const kind = kindLooks[(entry ?? node!).kind];
  const title = node?.label ?? entry?.name ?? '';
  return (
    <SidePanel
      title={title}
      subtitle={
        <>
          <span className={css.kind} style={{ color: `var(${kind.colour})` }}>
            {kind.icon}
          </span>
          {kind.one}
          {entry && isFailure(entry) && (
            <StatusDot tone="bad" pill>
              failed
            </StatusDot>
          )}
        </>
      }
      contentKey={selected}
      onClose={() => onSelect(null)}
      onNext={step(1)}
      onPrevious={step(-1)}
    >
      {node && <Sums node={node} tree={tree} />}
      {entry && <EntryDetails entry={entry} />}
    </SidePanel>
  );
}

function Sums({ node, tree }: { node: TimelineNode; tree: SessionTree }) {
  const zone = useShownZone();
  const holds = node.children.length > 0;
  const toolMicros = node.kind === 'tool_call' ? toolCosts(tree).get(node.id) : undefined;
  const figures = [
    {
      name: 'Start',
      value: formatClock(node.startMs, zone, true),
      title: formatAbsolute(node.startMs, zone),
    },
    { name: 'Into the session', value: formatDuration(node.startMs - tree.startMs) },
    {
      name: holds ? 'Duration with all below' : 'Duration',
      value: formatDuration(node.endMs - node.startMs),
    },
    ...(node.costMicros > 0
      ? [
          {
            name: holds ? 'Cost with all below' : 'Cost',
            value: formatUsd(fromMicros(node.costMicros)),
            title: formatUsdExact(fromMicros(node.costMicros)),
          },
        ]
      : []),
    ...(toolMicros === undefined
      ? []
      : [
          {
            name: 'Cost, estimated',
            value: `≈ ${formatUsd(fromMicros(toolMicros))}`,
            title: 'Share of the model request that read its result',
          },
        ]),
    ...(holds
      ? [
          { name: 'Model requests', value: formatCount(node.requests) },
          { name: 'Tool calls', value: formatCount(node.tools) },
          { name: 'Failures', value: formatCount(node.failures) },
          { name: 'Tokens', value: formatCount(node.tokens) },
        ]
      : []),
  ];
  return (
    <SideSection title="At a glance">
      <Facts facts={figures} />
    </SideSection>
  );
}

function EntryDetails({ entry }: { entry: TimelineEntry }) {
  const facts = [
    fact('Model', entry.model, true),
    fact('Attempts', entry.attempts > 0 ? String(entry.attempts) : ''),
    fact(
      'Decision',
      [entry.decision, entry.decision_source].filter(Boolean).join(' by ').replaceAll('_', ' '),
    ),
    fact('Source', entry.query_source, true),
    fact('Agent', entry.agent_name || entry.agent_id, true),
    fact('Prompt id', entry.prompt_id, true),
    fact('Trace', entry.trace_id, true),
    fact('Span', entry.span_id, true),
  ].filter((one) => one.value !== '');
  return (
    <>
      {entry.error !== '' && (
        <SideSection title="Error" actions={<CopyButton text={entry.error} label="Copy" variant="quiet" />}>
          <pre className={css.error}>{entry.error}</pre>
        </SideSection>
      )}
      {tokensOf(entry) > 0 && (
        <SideSection title={`${formatCount(tokensOf(entry))} tokens`}>
          <TokenBar figures={entry} />
        </SideSection>
      )}
      {facts.length > 0 && (
        <SideSection title="Details">
          <Facts facts={facts} />
        </SideSection>
      )}
      <Attributes entry={entry} />
    </>
  );
}

function fact(name: string, value: string, mono = false) {
  return { name, value, mono };
}

function Attributes({ entry }: { entry: TimelineEntry }) {
  const names = Object.keys(entry.attributes).sort();
  return (
    <SideSection
      title={`Attributes (${names.length})`}
      actions={<CopyButton text={() => JSON.stringify(entry, null, 2)} label="Copy JSON" variant="quiet" />}
    >
      {hidesPrompt(entry) && (
        <p className={css.hint}>
          The text of prompts is off in this client. Set <code>OTEL_LOG_USER_PROMPTS=1</code> there to see it
          here.
        </p>
      )}
      <Facts
        facts={names.map((name) => ({ name, value: attributeText(entry.attributes[name]), mono: true }))}
      />
    </SideSection>
  );
}

function hidesPrompt(entry: TimelineEntry): boolean {
  const text = entry.attributes.prompt;
  return entry.kind === 'prompt' && (text === undefined || text === '' || text === '<REDACTED>');
}

/** Objects, and texts that hold JSON, indented; anything else as it is. */
export function attributeText(value: unknown): string {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value, null, 2);
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return String(value);
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value; // looked like JSON, but was cut off at the sender
  }
}

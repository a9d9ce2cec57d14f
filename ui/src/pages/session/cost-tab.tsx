import type { SessionDetail } from '@contract';
import { useMemo } from 'react';
import { Bar, EmptyState, Panel } from '../../components/index.ts';
import { fromMicros, type SessionTree, toMicros } from '../../components/waterfall/index.ts';
import {
  formatCompact,
  formatCount,
  formatPercent,
  formatUsd,
  formatUsdExact,
  ratio,
} from '../../lib/format.ts';
import { type CostGroup, costByPrompt, groupCost, sourceOf, totalMicros } from './cost-groups.ts';
import css from './session.module.css';

/** Prompts listed; the rest is summed up in a last row. */
const promptsMax = 25;

/** Where the money of the session went: by model, by who asked, by prompt. Each adds up to the same total. */
export function CostTab(props: {
  session: SessionDetail;
  tree: SessionTree;
  onSelect: (id: string) => void;
}) {
  const { session, tree } = props;
  const byModel = useMemo(() => groupCost(tree, (entry) => entry.model || '(no model)'), [tree]);
  const bySource = useMemo(() => groupCost(tree, sourceOf), [tree]);
  const byPrompt = useMemo(() => costByPrompt(tree), [tree]);
  const total = totalMicros(byModel);
  const missingMicros = toMicros(session.cost_usd) - total;
  if (byModel.length === 0) {
    return (
      <EmptyState title="No step of this session has a cost.">
        Costs of single steps come with the events of Claude Code; metrics alone carry only the sum.
      </EmptyState>
    );
  }
  return (
    <div className={css.costTab}>
      {Math.abs(missingMicros) > 0 && (
        <p className={css.notice}>
          The steps shown here add up to {formatUsdExact(fromMicros(total))} of{' '}
          {formatUsdExact(session.cost_usd)}
          {session.timeline_truncated
            ? ', because only the first steps are shown.'
            : '; the rest was reported by metrics without events.'}
        </p>
      )}
      <CostTable title="By model" first="Model" groups={byModel} total={total} mono />
      <CostTable title="By source" first="Asked by" groups={bySource} total={total} />
      <CostTable
        title="By prompt"
        first="Prompt"
        groups={byPrompt.slice(0, promptsMax)}
        total={total}
        rest={byPrompt.slice(promptsMax)}
        onSelect={props.onSelect}
      />
    </div>
  );
}

function CostTable(props: {
  title: string;
  first: string;
  groups: readonly CostGroup[];
  total: number;
  rest?: readonly CostGroup[];
  mono?: boolean;
  onSelect?: (id: string) => void;
}) {
  const { groups, total, onSelect } = props;
  const max = groups[0]?.costMicros ?? 0;
  const rest = props.rest ?? [];
  return (
    <Panel title={props.title} note={formatUsd(fromMicros(total))} flush>
      <div className={css.costScroll}>
        <table className={css.costTable} data-wide={onSelect ? '' : undefined}>
          <thead>
            <tr>
              <th scope="col">{props.first}</th>
              <th scope="col">Cost</th>
              <th scope="col">Share</th>
              <th scope="col">Tokens</th>
              <th scope="col">Requests</th>
            </tr>
          </thead>
          <tbody>
            {groups.map((group) => (
              <tr key={group.stepId || group.key}>
                <th scope="row" className={props.mono ? 'mono' : undefined} title={group.key}>
                  {onSelect ? (
                    <button type="button" className={css.promptButton} onClick={() => onSelect(group.stepId)}>
                      {group.key}
                    </button>
                  ) : (
                    group.key
                  )}
                  <Bar value={group.costMicros} max={max} />
                </th>
                <CostCells group={group} total={total} />
              </tr>
            ))}
            {rest.length > 0 && (
              <tr>
                <th scope="row">{formatCount(rest.length)} more</th>
                <CostCells group={sumOf(rest)} total={total} />
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function CostCells({ group, total }: { group: CostGroup; total: number }) {
  return (
    <>
      <td title={formatUsdExact(fromMicros(group.costMicros))}>{formatUsd(fromMicros(group.costMicros))}</td>
      <td>{formatPercent(ratio(group.costMicros, total))}</td>
      <td title={formatCount(group.tokens)}>{formatCompact(group.tokens)}</td>
      <td>{formatCount(group.requests)}</td>
    </>
  );
}

function sumOf(groups: readonly CostGroup[]): CostGroup {
  const sum = { key: '', costMicros: 0, tokens: 0, requests: 0, stepId: '' };
  for (const group of groups) {
    sum.costMicros += group.costMicros;
    sum.tokens += group.tokens;
    sum.requests += group.requests;
  }
  return sum;
}

import { ArrowRight, CircleAlert, Clock, Coins } from 'lucide-react';
import { useMemo } from 'react';
import { Button } from '../../components/index.ts';
import { fromMicros, type SessionTree, toolCosts, topNode } from '../../components/waterfall/index.ts';
import { formatDuration, formatUsd } from '../../lib/format.ts';
import css from './session.module.css';

/** One click to the step that people look for most. A button exists only when there is such a step. */
export function FindButtons(props: { tree: SessionTree; selected: string; onFind: (id: string) => void }) {
  const { tree, selected, onFind } = props;
  const found = useMemo(() => findings(tree), [tree]);
  const { request, tool, slowTool, slowRequest, failures } = found;
  const at = failures.findIndex((node) => node.id === selected);
  const nextFailure = failures[(at + 1) % failures.length];
  return (
    <fieldset className={css.find} aria-label="Go to">
      {request && (
        <Button icon={<Coins aria-hidden />} onClick={() => onFind(request.id)}>
          Dearest request <span className={css.findValue}>{formatUsd(fromMicros(request.costMicros))}</span>
        </Button>
      )}
      {tool && (
        <Button
          icon={<Coins aria-hidden />}
          title="By the model request that read its result"
          onClick={() => onFind(tool.node.id)}
        >
          Dearest tool call <span className={css.findValue}>≈ {formatUsd(fromMicros(tool.micros))}</span>
        </Button>
      )}
      {slowTool && (
        <Button icon={<Clock aria-hidden />} onClick={() => onFind(slowTool.id)}>
          Longest tool call <span className={css.findValue}>{formatDuration(slowTool.ownDurationMs)}</span>
        </Button>
      )}
      {slowRequest && (
        <Button icon={<Clock aria-hidden />} onClick={() => onFind(slowRequest.id)}>
          Slowest request <span className={css.findValue}>{formatDuration(slowRequest.ownDurationMs)}</span>
        </Button>
      )}
      {nextFailure && (
        <Button
          icon={<CircleAlert aria-hidden className={css.findBad} />}
          onClick={() => onFind(nextFailure.id)}
        >
          {at < 0 ? 'First failure' : 'Next failure'}{' '}
          <span className={css.findValue}>
            {at < 0 ? `of ${failures.length}` : `${at + 1} of ${failures.length}`}
          </span>
          {at >= 0 && <ArrowRight aria-hidden />}
        </Button>
      )}
    </fieldset>
  );
}

function findings(tree: SessionTree) {
  const costs = toolCosts(tree);
  const dearestTool = topNode(tree, ['tool_call'], (node) => costs.get(node.id) ?? 0);
  return {
    request: topNode(tree, ['api_request'], (node) => node.costMicros),
    tool: dearestTool && { node: dearestTool, micros: costs.get(dearestTool.id) ?? 0 },
    slowTool: topNode(tree, ['tool_call'], (node) => node.ownDurationMs),
    slowRequest: topNode(tree, ['api_request', 'api_error'], (node) => node.ownDurationMs),
    failures: tree.ordered.filter((node) => node.failures > 0 && node.children.length === 0),
  };
}

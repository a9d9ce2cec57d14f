import type { OnCallJson } from '@contract';
import { Panel, StatusDot } from '../../components/index.ts';
import { formatSpan, plural } from '../../lib/format.ts';
import { isEverything } from './alert-model.ts';
import shared from './alerts.module.css';
import css from './on-call.module.css';

type Policy = OnCallJson['policies'][number];

/** An escalation policy as steps: after how long, whom it asks, and who that would be now. */
export function PolicyPanel({ policy }: { policy: Policy }) {
  return (
    <Panel
      title={`Escalation: ${policy.name}`}
      note={isEverything(policy.matchers) ? 'every alert' : <code>{policy.matchers}</code>}
      actions={
        policy.running > 0 && (
          <StatusDot tone="warn" pill>
            {plural(policy.running, 'alert')} running
          </StatusDot>
        )
      }
    >
      <ol className={css.steps}>
        {policy.steps.map((step, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place
          <li key={at}>
            <span className={css.number}>{at + 1}</span>
            <span className={css.after}>{afterText(step.after_s, at)}</span>
            <span className={css.who}>
              {[...step.schedules.map((name) => `schedule ${name}`), ...step.receivers].join(', ')}
              <span className={shared.second}>
                {step.now.length === 0 ? (
                  <StatusDot tone="bad">Would reach nobody now</StatusDot>
                ) : (
                  `would tell ${step.now.join(', ')} now`
                )}
              </span>
            </span>
          </li>
        ))}
      </ol>
      <p className={shared.faint}>
        {policy.repeats === 0
          ? 'Ends after the last step. An acknowledgement or the end of the alert stops it.'
          : `Goes round ${policy.repeats === 1 ? 'once' : `${policy.repeats} times`} more. An acknowledgement or the end of the alert stops it.`}
      </p>
    </Panel>
  );
}

function afterText(seconds: number, at: number): string {
  if (seconds === 0) return at === 0 ? 'at once' : 'together with it';
  return at === 0 ? `after ${formatSpan(seconds * 1000)}` : `${formatSpan(seconds * 1000)} later`;
}

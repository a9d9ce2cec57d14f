import type { RuleInfoJson } from '@contract';
import { CircleAlert, CircleCheck, CircleHelp, CloudOff } from 'lucide-react';
import { StatusDot, TimeAgo } from '../../components/index.ts';
import { missing } from '../../lib/format.ts';
import { stepText } from '../explore/steps.ts';
import { AlertStateDot } from './alert-look.tsx';

/** How rules look and read. */

export function RuleState({ rule, pill }: { rule: RuleInfoJson; pill?: boolean }) {
  if (rule.kind === 'recording') return <span title="Records series, alerts nobody">Records</span>;
  return <AlertStateDot state={rule.state} pill={pill} />;
}

export function RuleHealth({ rule, pill }: { rule: RuleInfoJson; pill?: boolean }) {
  if (rule.store_away) {
    return (
      <StatusDot
        tone="warn"
        icon={<CloudOff aria-hidden />}
        pill={pill}
        title="The store cannot be asked now"
      >
        Store away
      </StatusDot>
    );
  }
  if (rule.health === 'err') {
    return (
      <StatusDot tone="bad" icon={<CircleAlert aria-hidden />} pill={pill} title={rule.last_error}>
        Failing
      </StatusDot>
    );
  }
  if (rule.health === 'unknown') {
    return (
      <StatusDot tone="quiet" icon={<CircleHelp aria-hidden />} pill={pill} title="Not evaluated yet">
        Waiting
      </StatusDot>
    );
  }
  return (
    <StatusDot tone="ok" icon={<CircleCheck aria-hidden />} pill={pill}>
      Healthy
    </StatusDot>
  );
}

export function LastEvaluation({ rule }: { rule: RuleInfoJson }) {
  return rule.last_evaluation_at === null ? <>never</> : <TimeAgo at={rule.last_evaluation_at} />;
}

/** Where it stands: `yours`, `pack service`, or the file with its line. */
export function placeOf({ file, line }: Pick<RuleInfoJson, 'file' | 'line'>): string {
  if (file === 'user') return 'yours';
  if (file.startsWith('pack:')) return `pack ${file.slice(5)}`;
  return line > 0 ? `${file}:${line}` : file;
}

/** The same where there is no room for the folder. */
export function shortPlaceOf(rule: Pick<RuleInfoJson, 'file' | 'line'>): string {
  return placeOf(rule).replace(/^.*\//, '');
}

export function secondsText(seconds: number): string {
  return seconds === 0 ? missing : stepText(seconds * 1000);
}

export function isFailing(rule: RuleInfoJson): boolean {
  return rule.health === 'err';
}

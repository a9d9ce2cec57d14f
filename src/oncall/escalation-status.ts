import type { EscalationPolicy, EscalationStep } from './config-types.ts';
import type { Escalation, Moments } from './escalation-record.ts';
import type { Targets } from './targets.ts';

/** Where an escalation stands. */
export interface EscalationStatus {
  readonly policy: string;
  /** Carried out in this round. */
  readonly step: number;
  readonly steps: number;
  /** Undefined: there is none, or it is held. */
  readonly nextAtMs: number | undefined;
  readonly nextReceivers: readonly string[];
  readonly state: 'running' | 'acknowledged' | 'exhausted' | 'resolved';
}

/** @param policy undefined when the configuration no longer has it. */
export function statusOf(
  escalation: Escalation,
  policy: EscalationPolicy | undefined,
  now: Moments & { readonly targetsOf: (step: EscalationStep) => Targets },
): EscalationStatus {
  const { step, dueElapsedMs } = escalation;
  const steps = policy?.steps.length ?? step;
  const next = Number.isFinite(dueElapsedMs) ? policy?.steps[step] : undefined;
  const leftMs = Math.max(0, dueElapsedMs - now.elapsedMs);
  return {
    policy: escalation.policy,
    step: Math.min(step, steps),
    steps,
    nextAtMs: next === undefined ? undefined : Math.round(now.nowMs + leftMs),
    nextReceivers: next === undefined ? [] : now.targetsOf(next).receivers,
    state: stateOf(escalation),
  };
}

function stateOf({ phase, held }: Escalation): EscalationStatus['state'] {
  if (phase === 'ended') return 'resolved';
  if (held === 'acknowledged') return 'acknowledged';
  return phase;
}

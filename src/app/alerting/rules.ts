import type { IngestPipeline } from '../../ingest/index.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { QueryEngine } from '../../promql/index.ts';
import {
  createRuleManager,
  type RuleAlert,
  type RuleChange,
  type RuleManager,
  type RuleStateStore,
} from '../../rules/index.ts';
import type { Documents } from '../../state/index.ts';
import type { RuleLanguage } from './rule-language.ts';
import { createRuleWriter } from './rule-samples.ts';

/** The engine of alerts has made them durable when it takes them over. */
const RESOLVED_RETENTION_MS = 60_000;

export interface RulesParts {
  readonly engine: QueryEngine;
  readonly intake: Pick<IngestPipeline, 'write'>;
  readonly documents: Documents;
  readonly language: RuleLanguage;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  readonly resendDelayMs: number;
  readonly settleMs: number;
  readonly notify: (alerts: readonly RuleAlert[]) => void | Promise<void>;
  readonly onChange: (changes: readonly RuleChange[]) => void;
  readonly log: Log;
}

/** The rules' manager over this server's own queries, storage and state. */
export function createRules(parts: RulesParts): RuleManager {
  const { engine, intake, language, log } = parts;
  return createRuleManager({
    // Not through the gate of users' queries: a busy dashboard must not keep an alert from firing.
    query: (text, timeMs, { signal }) => engine.instant({ text, timeMs }, { signal }),
    write: createRuleWriter(intake),
    clock: systemClock,
    state: ruleState(parts.documents),
    expandTemplate: language.expandTemplate,
    notify: parts.notify,
    externalLabels: parts.externalLabels,
    externalUrl: parts.externalUrl,
    log,
    onChange: parts.onChange,
    options: {
      resendDelayMs: parts.resendDelayMs,
      settleMs: parts.settleMs,
      resolvedRetentionMs: RESOLVED_RETENTION_MS,
    },
  });
}

function ruleState(documents: Documents): RuleStateStore {
  return {
    loadState: () => documents.load(),
    saveState: (key, json) => documents.apply(new Map([[key, json]])),
  };
}

import { type Config, ConfigError } from '../../config/index.ts';
import type { Act, RuleInput } from '../../http/index.ts';
import { BellwetherError } from '../../lib/errors.ts';
import { type AlertingPlan, readAlerting } from './plan.ts';
import type { RuleLanguage } from './rule-language.ts';
import type { UserRules } from './user-rules.ts';

export interface PlansParts {
  readonly config: Config;
  /** Reads the configuration again. @throws ConfigError */
  readonly readConfig: () => Config;
  readonly language: RuleLanguage;
  readonly userRules: UserRules;
  /** Changes over to a plan that was found right. */
  readonly apply: (plan: AlertingPlan) => Promise<void>;
  /** A user's rule was made, changed or deleted. */
  readonly onRuleChanged: (name: string, what: string, act: Act) => void;
}

/** What is in force, and how it changes: one change at a time, each whole or not at all. */
export interface Plans {
  current(): AlertingPlan;
  /** False after a reload that was refused. */
  isReloadGood(): boolean;
  /** @throws BellwetherError `bad_config` (422) with every mistake; everything stays as it was. */
  reload(): Promise<void>;
  /** @returns the rule's id. */
  saveRule(rule: RuleInput, act: Act): Promise<string>;
  removeRule(id: string, act: Act): Promise<void>;
}

/** @throws ConfigError when the configuration has mistakes. */
export function createPlans(parts: PlansParts): Plans {
  const { language, userRules } = parts;
  let current = readAlerting(parts.config, language, userRules.list());
  let isReloadGood = true;
  let queue: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  }

  async function changeTo(config: Config): Promise<void> {
    const plan = readAlerting(config, language, userRules.list());
    await parts.apply(plan);
    current = plan;
  }

  return {
    current: () => current,
    isReloadGood: () => isReloadGood,
    reload: () =>
      inTurn(async () => {
        isReloadGood = false;
        await refusing(() => changeTo(parts.readConfig()));
        isReloadGood = true;
      }),
    saveRule: (rule, act) =>
      inTurn(async () => {
        const prepared = userRules.prepare(rule);
        await userRules.put(prepared);
        await changeTo(current.config);
        parts.onRuleChanged(rule.name, rule.id === undefined ? 'made' : 'changed', act);
        return prepared.id;
      }),
    removeRule: (id, act) =>
      inTurn(async () => {
        const name = userRules.get(id)?.rule.name ?? '';
        await userRules.remove(id);
        await changeTo(current.config);
        parts.onRuleChanged(name, 'deleted', act);
      }),
  };
}

/** Mistakes in files are the asker's to mend. */
async function refusing(change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { code, message, hint } = error;
    throw new BellwetherError({ code, status: 422, message, hint, cause: error });
  }
}

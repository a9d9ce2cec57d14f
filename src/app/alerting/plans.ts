import { type Config, ConfigError } from '../../config/index.ts';
import type { Act, RuleInput } from '../../http/index.ts';
import { BellwetherError } from '../../lib/errors.ts';
import { type AlertingPlan, readAlerting } from './plan.ts';
import { parseUserRules, USER_FILE, usableUserRules } from './rule-files.ts';
import type { RuleLanguage } from './rule-language.ts';
import type { UserRule, UserRules } from './user-rules.ts';

export interface PlansParts {
  readonly config: Config;
  /** Reads the configuration again. @throws ConfigError */
  readonly readConfig: () => Config;
  readonly language: RuleLanguage;
  readonly userRules: UserRules;
  /** Changes over to a plan that was found right. */
  readonly apply: (plan: AlertingPlan) => Promise<void>;
  /** The same when nothing but rules of users differs. */
  readonly applyRules: (plan: AlertingPlan) => Promise<void>;
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
  /**
   * Reads no file: neither can a mistake in one keep a rule from being saved, nor is a file taken that somebody is still writing.
   *
   * @returns the rule's id.
   * @throws BellwetherError `bad_config` (422): nothing is kept then.
   */
  saveRule(rule: RuleInput, act: Act): Promise<string>;
  removeRule(id: string, act: Act): Promise<void>;
  /** Waits for the change that goes on; from now on everything is refused with `stopping` (503). */
  stop(): Promise<void>;
}

/** @throws ConfigError when the configuration has mistakes. */
export function createPlans(parts: PlansParts): Plans {
  const { language, userRules } = parts;
  let current = readAlerting(parts.config, language, userRules.list());
  let isReloadGood = true;
  let isStopped = false;
  let queue: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(() => {
      // What is stopped must not be started again by a change that comes late.
      if (isStopped) throw stopping();
      return work();
    });
    queue = result.catch(() => undefined);
    return result;
  }

  async function reload(): Promise<void> {
    const plan = readAlerting(parts.readConfig(), language, userRules.list());
    await parts.apply(plan);
    current = plan;
  }

  /** Kept only when it is right, and in force once it is kept. */
  async function changeRules(rules: readonly UserRule[], keep: () => Promise<void>): Promise<void> {
    const plan = withUserRules(current, language, rules);
    await keep();
    await parts.applyRules(plan);
    current = plan;
  }

  return {
    current: () => current,
    isReloadGood: () => isReloadGood,
    reload: () =>
      inTurn(async () => {
        isReloadGood = false;
        await refusing(reload);
        isReloadGood = true;
      }),
    saveRule: (rule, act) =>
      inTurn(async () => {
        const prepared = userRules.prepare(rule);
        const others = userRules.list().filter(({ id }) => id !== prepared.id);
        await refusing(async () => {
          const { problems } = parseUserRules([prepared], language, current.rules.timing);
          if (problems.length > 0) throw new ConfigError(problems);
          await changeRules([...others, prepared], () => userRules.put(prepared));
        });
        parts.onRuleChanged(rule.name, rule.id === undefined ? 'made' : 'changed', act);
        return prepared.id;
      }),
    removeRule: (id, act) =>
      inTurn(async () => {
        const name = userRules.get(id)?.rule.name ?? '';
        const others = userRules.list().filter((rule) => rule.id !== id);
        await refusing(() => changeRules(others, () => userRules.remove(id)));
        parts.onRuleChanged(name, 'deleted', act);
      }),
    async stop() {
      isStopped = true;
      await queue;
    },
  };
}

/** The same plan with other rules of users. */
function withUserRules(
  plan: AlertingPlan,
  language: RuleLanguage,
  userRules: readonly UserRule[],
): AlertingPlan {
  const user = usableUserRules(userRules, language, plan.rules.timing);
  const others = plan.rules.groups.filter(({ file }) => file !== USER_FILE);
  return { ...plan, rules: { ...plan.rules, groups: [...others, ...user.groups] } };
}

function stopping(): BellwetherError {
  return new BellwetherError({
    code: 'stopping',
    status: 503,
    message: 'the server is stopping',
    retryAfterS: 5,
  });
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

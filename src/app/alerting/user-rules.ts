import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { ruleBody } from '../../contract/index.ts';
import { BellwetherError } from '../../lib/errors.ts';
import type { Documents } from '../../state/index.ts';

/** Rules that users may make in the UI. */
const MAX_USER_RULES = 1000;

/** A rule made in the UI. */
export interface UserRule {
  readonly id: string;
  readonly rule: z.output<typeof ruleBody>;
}

/** Rules of users, kept in the state. */
export interface UserRules {
  list(): readonly UserRule[];
  get(id: string): UserRule | undefined;
  /** A new rule, or one that takes another's place; not kept yet. @throws BellwetherError `not_found` (404), `too_many_rules` (429). */
  prepare(rule: z.output<typeof ruleBody>): UserRule;
  /** Durable once it resolves. */
  put(rule: UserRule): Promise<void>;
  /** @throws BellwetherError `not_found` (404). */
  remove(id: string): Promise<void>;
}

export async function openUserRules(documents: Documents): Promise<UserRules> {
  const rules = new Map<string, UserRule>();
  for (const [id, json] of await documents.load())
    rules.set(id, { id, rule: ruleBody.parse(JSON.parse(json)) });
  return {
    list: () => [...rules.values()],
    get: (id) => rules.get(id),
    prepare(rule) {
      if (rule.id !== undefined && !rules.has(rule.id)) throw noRule(rule.id);
      if (rule.id === undefined && rules.size >= MAX_USER_RULES) throw tooMany();
      return { id: rule.id ?? randomBytes(8).toString('hex'), rule };
    },
    async put(rule) {
      await documents.apply(new Map([[rule.id, JSON.stringify({ ...rule.rule, id: rule.id })]]));
      rules.set(rule.id, rule);
    },
    async remove(id) {
      if (!rules.has(id)) throw noRule(id);
      await documents.apply(new Map([[id, undefined]]));
      rules.delete(id);
    },
  };
}

export function noRule(id: string): BellwetherError {
  return new BellwetherError({
    code: 'not_found',
    status: 404,
    message: `there is no rule ${JSON.stringify(id)}`,
  });
}

function tooMany(): BellwetherError {
  return new BellwetherError({
    code: 'too_many_rules',
    status: 429,
    message: `there are ${MAX_USER_RULES} rules already`,
    hint: 'delete some, or write rules into files (rule_files)',
  });
}

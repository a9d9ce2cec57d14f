import { z } from 'zod';
import { type ConfigPlace, problemAt, text, textList, within } from '../../prom-config/index.ts';
import type { AlertMatcher, InhibitRule } from '../types.ts';
import { type Findings, readList, readSection } from './findings.ts';
import { checkLabelNames, matchersField, matchField, readConditions } from './matcher-fields.ts';

/** Rules of inhibition in a configuration. */
export const MAX_INHIBIT_RULES = 10_000;

const RULE_FIELDS = {
  name: text,
  source_match: matchField,
  source_match_re: matchField,
  source_matchers: matchersField,
  sources: z.unknown(),
  target_match: matchField,
  target_match_re: matchField,
  target_matchers: matchersField,
  equal: textList,
};
const SOURCE_FIELDS = { matchers: matchersField, equal: textList };

type RuleFields = NonNullable<ReturnType<typeof readSection<typeof RULE_FIELDS>>>;

export function readInhibitRules(value: unknown, place: ConfigPlace, findings: Findings): InhibitRule[] {
  const rules = readList(value, place, findings, { max: MAX_INHIBIT_RULES, what: 'inhibition rules' });
  return rules.flatMap((item, index) => {
    const itemPlace = within(place, [index]);
    const fields = readSection(RULE_FIELDS, item, itemPlace, findings);
    return fields === undefined ? [] : (readRule(fields, itemPlace, index, findings) ?? []);
  });
}

function readRule(
  fields: RuleFields,
  place: ConfigPlace,
  index: number,
  findings: Findings,
): InhibitRule | undefined {
  const source =
    fields.sources === undefined
      ? readPlainSource(fields, place, findings)
      : readSources(fields, place, findings);
  const targetMatchers = readConditions(
    {
      match: ['target_match', fields.target_match],
      matchRe: ['target_match_re', fields.target_match_re],
      matchers: ['target_matchers', fields.target_matchers],
    },
    place,
    findings,
  );
  if (source === undefined) return undefined;
  const name = fields.name || `inhibit_rules.${index}`;
  return { name, sourceMatchers: source.matchers, targetMatchers, equal: source.equal };
}

interface RuleSource {
  readonly matchers: readonly AlertMatcher[];
  readonly equal: readonly string[];
}

function readPlainSource(fields: RuleFields, place: ConfigPlace, findings: Findings): RuleSource {
  const equal = fields.equal ?? [];
  checkLabelNames(equal, within(place, ['equal']), findings, 'equal');
  const matchers = readConditions(
    {
      match: ['source_match', fields.source_match],
      matchRe: ['source_match_re', fields.source_match_re],
      matchers: ['source_matchers', fields.source_matchers],
    },
    place,
    findings,
  );
  return { matchers, equal: [...new Set(equal)] };
}

/** The newer notation with several sources that must all be there. One is the same as the plain notation; more cannot be had yet. */
function readSources(fields: RuleFields, place: ConfigPlace, findings: Findings): RuleSource | undefined {
  const hasPlain = [fields.source_match, fields.source_match_re, fields.source_matchers, fields.equal].some(
    (plain) => Object.keys(plain ?? {}).length > 0,
  );
  if (hasPlain)
    findings.problems.push(
      problemAt(
        place,
        ['sources'],
        'sources cannot be combined with source_match, source_match_re, source_matchers or equal',
        true,
      ),
    );
  const sourcesPlace = within(place, ['sources']);
  const items = readList(fields.sources, sourcesPlace, findings, { max: 100, what: 'sources' });
  const sources = items.map((item, index) => readSource(item, within(sourcesPlace, [index]), findings));
  if (sources.length === 1) return sources[0];
  const message = `a rule with ${sources.length} sources is not understood yet; it is left out, so nothing is inhibited by it`;
  findings.warnings.push(problemAt(place, ['sources'], message, true));
  return undefined;
}

function readSource(value: unknown, place: ConfigPlace, findings: Findings): RuleSource | undefined {
  const fields = readSection(SOURCE_FIELDS, value, place, findings);
  if (fields === undefined) return undefined;
  const equal = fields.equal ?? [];
  checkLabelNames(equal, within(place, ['equal']), findings, 'equal');
  const matchers = readConditions({ matchers: ['matchers', fields.matchers] }, place, findings);
  if (matchers.every((matcher) => matcher.matches('')))
    findings.problems.push(
      problemAt(place, ['matchers'], 'at least one matcher must not match the empty string'),
    );
  return { matchers, equal: [...new Set(equal)] };
}

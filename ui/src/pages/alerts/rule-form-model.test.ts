import { describe, expect, it } from 'vitest';
import { ruleWith } from '../alerts-fixture.ts';
import { bodyOf, draftOf, draftProblems, emptyDraft } from './rule-form-model.ts';

describe('the form of a rule', () => {
  it('gives back the rule that it was filled with', () => {
    const rule = ruleWith({
      labels: { severity: 'page', team: 'a' },
      annotations: { summary: 's', description: 'd', runbook_url: '/runbooks/x', impact: 'i' },
      keep_firing_for_s: 90,
    });
    expect(bodyOf(draftOf(rule))).toEqual({
      ...{ id: rule.id, name: rule.name, query: rule.query, interval: '15s' },
      ...{ for: '10m', keep_firing_for: '1m30s', labels: rule.labels, annotations: rule.annotations },
    });
  });
  it('leaves out what is empty', () => {
    const draft = {
      ...emptyDraft,
      name: ' A ',
      query: 'up == 0',
      severity: '',
      labels: [{ name: '', value: 'x' }],
    };
    expect(bodyOf(draft)).toEqual({
      ...{ name: 'A', query: 'up == 0', for: '5m', keep_firing_for: '0s', labels: {}, annotations: {} },
    });
  });
  it('says what is missing', () => {
    expect(draftProblems(emptyDraft)).toHaveLength(2);
    const good = { ...emptyDraft, name: 'A', query: 'up' };
    expect(draftProblems({ ...good, for: '0s', keepFiringFor: '' })).toEqual([]);
    expect(draftProblems({ ...good, for: 'soon' })).toHaveLength(1);
  });
});

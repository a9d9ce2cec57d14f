import type { RulePreviewJson } from '@contract';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { apiPost } from '../../lib/api.ts';
import { offsetOf, type Problem } from '../explore/query-problems.ts';
import { bodyOf, type RuleDraft } from './rule-form-model.ts';
import { useSettled } from './silence-form.tsx';

const settleMs = 400;
const noProblems: readonly Problem[] = [];

/** What a draft gives now, and what is wrong with its expression at its place. */
export function useRulePreview(draft: RuleDraft) {
  const isAsked = draft.query.trim() !== '';
  // A rule without a name yet can be looked at all the same.
  const body = bodyOf({ ...draft, name: draft.name.trim() || 'NewRule' });
  const text = useSettled(isAsked ? JSON.stringify(body) : '', settleMs);
  const preview = useQuery({
    queryKey: ['rule-preview', text],
    queryFn: ({ signal }) => apiPost<RulePreviewJson>('/api/rules/preview', JSON.parse(text), { signal }),
    enabled: text !== '',
    placeholderData: keepPreviousData,
    retry: false,
  });
  const { query } = draft;
  const problems = useMemo(
    () => (preview.isPlaceholderData ? noProblems : problemsOf(preview.data, query)),
    [preview.data, preview.isPlaceholderData, query],
  );
  return { data: isAsked ? preview.data : undefined, error: preview.error, problems, isAsked };
}

function problemsOf(preview: RulePreviewJson | undefined, query: string): readonly Problem[] {
  const found = preview?.problems.filter(({ path }) => path === '' || /query|expr/.test(path)) ?? [];
  return found.map(({ message, line, column }) => ({
    severity: 'error',
    message,
    at: line === null || column === null ? null : offsetOf(query, line, column),
  }));
}

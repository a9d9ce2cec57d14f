import type { Matcher } from '../../../promql/index.ts';
import { type ParseSelector, selectorParam } from './params.ts';
import type { Endpoint } from './service.ts';

/** What the rules tell of themselves. */
export interface RuleStatus {
  /** Groups with their rules. @throws BellwetherError `bad_data` (400). */
  rules(query: RulesQuery): object;
  /** Alerts that are pending or firing. */
  alerts(): object;
  /** Where alerts are sent. */
  alertmanagers(): readonly string[];
}

export interface RulesQuery {
  readonly type: string | undefined;
  readonly ruleNames: readonly string[];
  readonly groupNames: readonly string[];
  readonly files: readonly string[];
  readonly matchers: readonly (readonly Matcher[])[];
  readonly excludeAlerts: string | undefined;
  readonly groupLimit: string | undefined;
  readonly groupNextToken: string | undefined;
}

/** `/api/v1/rules`, `/api/v1/alerts` and `/api/v1/alertmanagers`. */
export function ruleEndpoints(
  status: RuleStatus,
  parseSelector: ParseSelector,
): Readonly<Record<string, Endpoint>> {
  return {
    rules: ({ params }) => ({
      data: {
        json: status.rules({
          type: params.get('type') ?? undefined,
          ruleNames: params.getAll('rule_name[]'),
          groupNames: params.getAll('rule_group[]'),
          files: params.getAll('file[]'),
          matchers: params.getAll('match[]').map((text) => selectorParam('match[]', text, parseSelector)),
          excludeAlerts: params.get('exclude_alerts') ?? undefined,
          groupLimit: params.get('group_limit') ?? undefined,
          groupNextToken: params.get('group_next_token') ?? undefined,
        }),
      },
    }),
    alerts: () => ({ data: { json: status.alerts() } }),
    alertmanagers: () => ({
      data: {
        json: {
          activeAlertmanagers: status.alertmanagers().map((url) => ({ url })),
          droppedAlertmanagers: [],
        },
      },
    }),
  };
}

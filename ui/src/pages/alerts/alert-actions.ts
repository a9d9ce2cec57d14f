import type {
  AcknowledgementJson,
  ActiveAlertJson,
  AlertDetailJson,
  AlertListJson,
  SilenceBodyJson,
  TestAnswerJson,
} from '@contract';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { apiPost, toApiError } from '../../lib/api.ts';
import { keys } from '../../lib/queries.ts';
import { notify } from '../../shell/toasts.tsx';

/** What a person can do about alerts. Each says how it went, and renews what it changed. */
export interface AlertActions {
  acknowledge: (alert: ActiveAlertJson, options?: { for_s?: number; note?: string }) => Promise<boolean>;
  unacknowledge: (alert: ActiveAlertJson) => Promise<boolean>;
  silence: (body: SilenceBodyJson) => Promise<boolean>;
  expireSilence: (id: string) => Promise<boolean>;
}

export function useAlertActions(): AlertActions {
  const client = useQueryClient();
  return useMemo(() => actionsOf(client), [client]);
}

function actionsOf(client: QueryClient): AlertActions {
  return {
    acknowledge: (alert, options = {}) => acknowledge(client, alert, options),
    async unacknowledge(alert) {
      patchAlert(client, alert.fingerprint, { acknowledged: null });
      return attempt(client, `Acknowledgement of ${alert.name} withdrawn`, () =>
        apiPost(`${pathOf(alert)}/unacknowledge`, {}),
      );
    },
    silence: (body) =>
      attempt(client, body.id === undefined ? 'Silenced' : 'Silence changed', () =>
        apiPost('/api/silences', body),
      ),
    expireSilence: (id) =>
      attempt(client, 'Silence ended', () => apiPost(`/api/silences/${encodeURIComponent(id)}/expire`, {})),
  };
}

function pathOf(alert: Pick<ActiveAlertJson, 'fingerprint'>): string {
  return `/api/alerts/${encodeURIComponent(alert.fingerprint)}`;
}

/** Shown at once, before the server has answered: whoever presses a key at night wants to see that it worked. */
async function acknowledge(
  client: QueryClient,
  alert: ActiveAlertJson,
  options: { for_s?: number; note?: string },
): Promise<boolean> {
  const expected: AcknowledgementJson = {
    by: 'you',
    at: new Date().toISOString(),
    until: options.for_s === undefined ? null : new Date(Date.now() + options.for_s * 1000).toISOString(),
    note: options.note ?? '',
  };
  patchAlert(client, alert.fingerprint, { acknowledged: expected, response: null });
  return attempt(client, `${alert.name} acknowledged`, async () => {
    const acknowledged = await apiPost<AcknowledgementJson>(`${pathOf(alert)}/acknowledge`, options);
    patchAlert(client, alert.fingerprint, { acknowledged });
  });
}

function patchAlert(client: QueryClient, fingerprint: string, change: Partial<ActiveAlertJson>): void {
  const patched = (alert: ActiveAlertJson) =>
    alert.fingerprint === fingerprint ? { ...alert, ...change } : alert;
  client.setQueriesData<AlertListJson>(
    { queryKey: [keys.alerts, 'list'] },
    (list) => list && { ...list, alerts: list.alerts.map(patched) },
  );
  client.setQueryData<AlertDetailJson>(
    [keys.alerts, 'detail', fingerprint],
    (detail) => detail && { ...detail, alert: patched(detail.alert) },
  );
}

/** Runs it, says how it went, and asks again for everything about alerts. False when it failed. */
export async function attempt(
  client: QueryClient,
  done: string,
  run: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await run();
    notify(done);
    return true;
  } catch (thrown) {
    const { message, hint } = toApiError(thrown);
    notify([message, hint].filter(Boolean).join(' '), 'bad');
    return false;
  } finally {
    void client.invalidateQueries({ queryKey: [keys.alerts] }, { cancelRefetch: true });
    void client.invalidateQueries({ queryKey: [keys.alertHistory] }, { cancelRefetch: false });
  }
}

export function sendTest(receiver: string, integration?: string): Promise<TestAnswerJson> {
  return apiPost<TestAnswerJson>(
    `/api/receivers/${encodeURIComponent(receiver)}/test`,
    integration === undefined ? {} : { integration },
  );
}

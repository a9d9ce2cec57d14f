import type { ActiveAlertJson, AlertDetailJson } from '@contract';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { ErrorState, Loading, Page, Panel, Skeleton } from '../components/index.ts';
import { ApiError } from '../lib/api.ts';
import { wantsPerson } from '../lib/firing.ts';
import { useShortcuts } from '../lib/shortcuts.ts';
import { PageHead } from '../shell/page-head.tsx';
import { useAlertActions } from './alerts/alert-actions.ts';
import {
  AlertButtons,
  AlertFacts,
  AlertHeadline,
  AlertText,
  GraphPart,
  LabelFacts,
} from './alerts/alert-body.tsx';
import { useAlertDetail } from './alerts/alert-data.ts';
import css from './alerts/alerts.module.css';
import detailCss from './alerts/detail.module.css';
import { SilenceDialog } from './alerts/silence-dialog.tsx';
import { Timeline } from './alerts/timeline.tsx';
import { AlertWhyView } from './alerts/why.tsx';

const crumbs = [{ label: 'Alerts', to: '/alerts' }];

/** One alert on a page of its own: where links in notifications lead. */
export function AlertPage() {
  const { fingerprint = '' } = useParams({ strict: false });
  const detail = useAlertDetail(fingerprint);
  const alert = detail.data?.alert;
  return (
    <Page>
      <PageHead
        title={alert?.name ?? 'Alert'}
        crumbs={crumbs}
        attention={alert && wantsPerson(alert) ? 1 : 0}
      />
      {detail.data ? (
        <Content detail={detail.data} />
      ) : detail.error ? (
        <NotThere error={detail.error} fingerprint={fingerprint} onRetry={() => void detail.refetch()} />
      ) : (
        <Loading what="the alert">
          <div className={css.stack}>
            <Skeleton height="28px" width="360px" />
            <Skeleton height="320px" />
          </div>
        </Loading>
      )}
    </Page>
  );
}

/** Links in old notifications lead to alerts that are long over: their history still is there. */
function NotThere(props: { error: Error; fingerprint: string; onRetry: () => void }) {
  const isGone = props.error instanceof ApiError && props.error.status === 404;
  return (
    <>
      <ErrorState
        title={isGone ? 'This alert is over and no longer kept.' : 'This alert could not be read.'}
        error={props.error}
        onRetry={isGone ? undefined : props.onRetry}
      />
      <p>
        <Link
          to="/alerts/history"
          search={{ fingerprint: props.fingerprint, from: 'now-30d', to: 'now' }}
          className={css.link}
        >
          What happened to it in the last 30 days
        </Link>
      </p>
    </>
  );
}

function Content({ detail }: { detail: AlertDetailJson }) {
  const { alert } = detail;
  const actions = useAlertActions();
  const [silencing, setSilencing] = useState<ActiveAlertJson | null>(null);
  useShortcuts([
    {
      keys: 'a',
      label: 'Acknowledge the alert',
      group: 'List',
      when: () => alert.acknowledged === null && alert.state !== 'resolved',
      run: () => void actions.acknowledge(alert),
    },
    {
      keys: 'shift+a',
      label: 'Withdraw the acknowledgement',
      group: 'List',
      when: () => alert.acknowledged !== null,
      run: () => void actions.unacknowledge(alert),
    },
    { keys: 's', label: 'Silence the alert', group: 'List', run: () => setSilencing(alert) },
  ]);
  return (
    <>
      <div>
        <div className={detailCss.head}>
          <AlertHeadline alert={alert} />
        </div>
      </div>
      <div className={detailCss.columns}>
        <div>
          <div>
            <AlertButtons alert={alert} actions={actions} onSilence={setSilencing} />
            <AlertText alert={alert} />
          </div>
          <GraphPart alert={alert} query={detail.query} />
          <Panel title="What happened">
            <Timeline events={detail.timeline} />
          </Panel>
        </div>
        <div>
          <Panel title="Facts">
            <AlertFacts alert={alert} />
          </Panel>
          <Panel title="Labels">
            <LabelFacts labels={alert.labels} />
          </Panel>
          <Panel title="Why">
            <AlertWhyView why={detail.why} ruleId={alert.rule_id} />
          </Panel>
        </div>
      </div>
      {silencing && <SilenceDialog alert={silencing} onClose={() => setSilencing(null)} />}
    </>
  );
}

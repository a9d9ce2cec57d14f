import type { ReceiverListJson } from '@contract';
import { BellOff, MailWarning, Send, TriangleAlert } from 'lucide-react';
import {
  CodeBlock,
  EmptyState,
  ErrorState,
  Loading,
  Page,
  Panel,
  Segmented,
  Skeleton,
} from '../components/index.ts';
import { plural } from '../lib/format.ts';
import { useUrlState } from '../lib/url-state.ts';
import { PageHead } from '../shell/page-head.tsx';
import { AlertBanner } from './alerts/alert-banners.tsx';
import { useHistory, useHistoryParams, useReceivers } from './alerts/alert-data.ts';
import css from './alerts/alerts.module.css';
import { HistoryTable } from './alerts/history-table.tsx';
import { IntegrationTable } from './alerts/integration-table.tsx';

const crumbs = [{ label: 'Alerts', to: '/alerts' }];

/** Who can be told, does that work, and what became of every notification? */
export function DeliveryPage() {
  const receivers = useReceivers();
  return (
    <Page>
      <PageHead title="Delivery" crumbs={crumbs} />
      {receivers.data ? (
        <Receivers list={receivers.data} />
      ) : receivers.error ? (
        <ErrorState
          title="The receivers could not be read."
          error={receivers.error}
          onRetry={() => void receivers.refetch()}
        />
      ) : (
        <Loading what="the receivers">
          <Skeleton height="200px" />
        </Loading>
      )}
      <DeliveryLog />
    </Page>
  );
}

function Receivers({ list }: { list: ReceiverListJson }) {
  const hasAny = list.receivers.some(({ integrations }) => integrations.length > 0);
  const failing = list.receivers.flatMap(({ integrations }) =>
    integrations.filter((one) => one.last_error !== ''),
  );
  return (
    <>
      {list.warnings.map((warning) => (
        <AlertBanner key={warning} tone="warn" icon={<TriangleAlert aria-hidden />}>
          {warning}
        </AlertBanner>
      ))}
      {failing.length > 0 && (
        <AlertBanner tone="bad" icon={<MailWarning aria-hidden />}>
          <strong>{plural(failing.length, 'integration does', 'integrations do')} not deliver:</strong>{' '}
          {failing.map(({ title, id }) => title || id).join(', ')}
        </AlertBanner>
      )}
      {!hasAny && <NobodyIsTold />}
      {list.receivers.length > 0 && (
        <p className={css.summary}>
          {list.config_file === '' ? (
            'From the defaults'
          ) : (
            <>
              From <code className={css.path}>{list.config_file}</code>
            </>
          )}
        </p>
      )}
      <div className={css.stack}>
        {list.receivers.map((receiver) => (
          <ReceiverPanel key={receiver.name} receiver={receiver} />
        ))}
      </div>
    </>
  );
}

function ReceiverPanel({ receiver }: { receiver: ReceiverListJson['receivers'][number] }) {
  const { integrations, routes, policies } = receiver;
  const uses = [
    routes > 0 ? plural(routes, 'route') : 'no route',
    policies.length > 0 && `${policies.length === 1 ? 'policy' : 'policies'} ${policies.join(', ')}`,
  ].filter(Boolean);
  return (
    <Panel title={receiver.name} note={`used by ${uses.join(', ')}`} flush>
      {integrations.length === 0 ? (
        <EmptyState compact title="It tells nobody.">
          A receiver without integrations swallows what is routed to it.
        </EmptyState>
      ) : (
        <IntegrationTable receiver={receiver} />
      )}
    </Panel>
  );
}

const example = `# alertmanager.yml
route:
  receiver: team
receivers:
  - name: team
    slack_configs:
      - api_url_file: /etc/bellwether/slack-url
        channel: '#alerts'`;

function NobodyIsTold() {
  return (
    <>
      <EmptyState title="Nobody is told: no receiver is configured." icon={<BellOff aria-hidden />}>
        Alerts show in this interface only. Write an <code>alertmanager.yml</code>, as for Prometheus, and
        name it in <code>bellwether.yml</code> as <code>alertmanager_config_file</code>.
      </EmptyState>
      <div className={css.example}>
        <CodeBlock label="Example for alertmanager.yml" text={example} />
      </div>
    </>
  );
}

const logKinds = {
  all: 'notified,notify_failed,suppressed,escalated',
  failed: 'notify_failed',
  suppressed: 'suppressed',
} as const;
type LogFilter = keyof typeof logKinds;

/** Every notification with its result, and every one that was not sent with the reason. */
function DeliveryLog() {
  const [show, setShow] = useUrlState<LogFilter>('show', 'all', ['all', 'failed', 'suppressed']);
  const params = useHistoryParams({ kinds: logKinds[show] });
  const history = useHistory(params);
  return (
    <Panel
      title="Delivery log"
      note={history.isPending ? undefined : plural(history.events.length, 'event')}
      actions={
        <Segmented
          label="Which deliveries"
          value={show}
          options={[
            { value: 'all', label: 'All' },
            { value: 'failed', label: 'Failed' },
            { value: 'suppressed', label: 'Not sent' },
          ]}
          onChange={(next) => setShow(next, { replace: true })}
        />
      }
      flush
    >
      {history.isPending ? (
        <div className={css.padded}>
          <Skeleton height="120px" />
        </div>
      ) : history.error && history.events.length === 0 ? (
        <ErrorState
          compact
          title="The log could not be read."
          error={history.error}
          onRetry={history.refetch}
        />
      ) : (
        <HistoryTable
          history={history}
          label="Deliveries"
          maxHeight={480}
          empty={
            <EmptyState compact title="Nothing was sent in this range." icon={<Send aria-hidden />}>
              “Send test” above shows whether a receiver works.
            </EmptyState>
          }
        />
      )}
    </Panel>
  );
}

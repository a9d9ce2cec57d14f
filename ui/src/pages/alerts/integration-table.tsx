import type { ReceiverListJson, TestAnswerJson } from '@contract';
import { useQueryClient } from '@tanstack/react-query';
import { Send } from 'lucide-react';
import { useState } from 'react';
import { Button, failureOf, StatusDot, TimeAgo } from '../../components/index.ts';
import { formatCount, formatDuration, plural } from '../../lib/format.ts';
import { keys } from '../../lib/queries.ts';
import { sendTest } from './alert-actions.ts';
import shared from './alerts.module.css';
import css from './delivery.module.css';

type Receiver = ReceiverListJson['receivers'][number];
type Integration = Receiver['integrations'][number];
type TestResult = TestAnswerJson['results'][number];

/** What a press of "Send test" came to. */
type Outcome =
  | { phase: 'sending' }
  | { phase: 'done'; result: TestResult }
  | { phase: 'failed'; message: string };

/** The integrations of a receiver: does each deliver, and when did it last? */
export function IntegrationTable({ receiver }: { receiver: Receiver }) {
  const client = useQueryClient();
  const [outcomes, setOutcomes] = useState<Readonly<Record<string, Outcome>>>({});
  const test = async (id: string) => {
    const tell = (outcome: Outcome) => setOutcomes((before) => ({ ...before, [id]: outcome }));
    tell({ phase: 'sending' });
    try {
      const { results } = await sendTest(receiver.name, id);
      const result = results.find(({ integration }) => integration === id) ?? results[0];
      tell(result ? { phase: 'done', result } : { phase: 'failed', message: 'The server tried nothing.' });
    } catch (thrown) {
      const { message, hint } = failureOf(thrown);
      tell({ phase: 'failed', message: [message, hint].filter(Boolean).join(' ') });
    }
    void client.invalidateQueries({ queryKey: [keys.alerts, 'receivers'] });
    void client.invalidateQueries({ queryKey: [keys.alertHistory] });
  };
  return (
    <table className={css.table} aria-label={`Integrations of ${receiver.name}`}>
      <thead>
        <tr>
          <th scope="col">Channel</th>
          <th scope="col">State</th>
          <th scope="col">Delivered</th>
          <th scope="col">Failed</th>
          <th scope="col">
            <span className="visually-hidden">Test</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {receiver.integrations.map((one) => (
          <IntegrationRow
            key={one.id}
            integration={one}
            outcome={outcomes[one.id]}
            onTest={() => void test(one.id)}
          />
        ))}
      </tbody>
    </table>
  );
}

function IntegrationRow(props: {
  integration: Integration;
  outcome: Outcome | undefined;
  onTest: () => void;
}) {
  const { integration: one, outcome } = props;
  return (
    <tr>
      <td data-column="channel">
        <strong>{one.title || one.channel}</strong>
        <span className={shared.second}>
          {one.id}
          {one.sends_resolved ? '' : ', not told when an alert is over'}
        </span>
      </td>
      <td data-column="state">
        <State integration={one} />
      </td>
      <td data-column="delivered" data-label="Delivered">
        {formatCount(one.delivered)}
        {one.last_success_at !== null && (
          <span className={shared.second}>
            last <TimeAgo at={one.last_success_at} />
          </span>
        )}
      </td>
      <td data-column="failed" data-label="Failed">
        {formatCount(one.failed)}
        {one.last_failure_at !== null && (
          <span className={shared.second}>
            last <TimeAgo at={one.last_failure_at} />
          </span>
        )}
      </td>
      <td data-column="test">
        <Button icon={<Send aria-hidden />} disabled={outcome?.phase === 'sending'} onClick={props.onTest}>
          {outcome?.phase === 'sending' ? 'Sending…' : 'Send test'}
          <span className="visually-hidden"> to {one.title || one.id}</span>
        </Button>
        <div role="status">
          <OutcomeLine outcome={outcome} />
        </div>
      </td>
    </tr>
  );
}

function State({ integration: one }: { integration: Integration }) {
  if (one.last_error !== '') {
    return (
      <>
        <StatusDot tone="bad">Failing</StatusDot>
        <span className={css.error}>{one.last_error}</span>
      </>
    );
  }
  return one.last_success_at === null ? (
    <StatusDot tone="quiet">Not used yet</StatusDot>
  ) : (
    <StatusDot tone="ok">Delivers</StatusDot>
  );
}

function OutcomeLine({ outcome }: { outcome: Outcome | undefined }) {
  if (outcome === undefined || outcome.phase === 'sending') return null;
  if (outcome.phase === 'failed') return <StatusDot tone="bad">{outcome.message}</StatusDot>;
  const { delivered, detail, latency_ms, attempts } = outcome.result;
  const how = `${formatDuration(latency_ms)}${attempts > 1 ? `, ${plural(attempts, 'attempt')}` : ''}`;
  return (
    <>
      <StatusDot tone={delivered ? 'ok' : 'bad'}>
        {delivered ? `Delivered in ${how}` : `Not delivered after ${how}`}
      </StatusDot>
      {detail !== '' && <span className={delivered ? css.detail : css.error}>{detail}</span>}
    </>
  );
}

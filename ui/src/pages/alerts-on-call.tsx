import type { OnCallJson } from '@contract';
import { CalendarClock } from 'lucide-react';
import { CodeBlock, EmptyState, ErrorState, Loading, Page, Panel, Skeleton } from '../components/index.ts';
import { useNow } from '../lib/clock.ts';
import { formatSpan, missing } from '../lib/format.ts';
import { parseTime } from '../lib/time.ts';
import { useZone } from '../lib/url-state.ts';
import { PageHead } from '../shell/page-head.tsx';
import { useOnCall } from './alerts/alert-data.ts';
import { PriorityMark } from './alerts/alert-look.tsx';
import css from './alerts/alerts.module.css';
import { PolicyPanel } from './alerts/policy-panel.tsx';
import { SchedulePanel } from './alerts/schedule-panel.tsx';

const crumbs = [{ label: 'Alerts', to: '/alerts' }];

/** Who is on call now, who is next, and who would be told when nobody answers? */
export function OnCallPage() {
  const zone = useZone();
  const nowMs = useNow(60_000);
  const fromMs = parseTime('now/d', nowMs, zone) ?? nowMs;
  const onCall = useOnCall(fromMs);
  return (
    <Page>
      <PageHead title="On-call" crumbs={crumbs} />
      {onCall.data ? (
        <Content onCall={onCall.data} fromMs={fromMs} />
      ) : onCall.error ? (
        <ErrorState
          title="The schedules could not be read."
          error={onCall.error}
          onRetry={() => void onCall.refetch()}
        />
      ) : (
        <Loading what="the schedules">
          <Skeleton height="220px" />
        </Loading>
      )}
    </Page>
  );
}

function Content({ onCall, fromMs }: { onCall: OnCallJson; fromMs: number }) {
  const { schedules, policies, people, response_times } = onCall;
  if (schedules.length === 0 && policies.length === 0) {
    return (
      <>
        <NothingYet />
        <ResponseTimes times={response_times} />
      </>
    );
  }
  return (
    <div className={css.stack}>
      {schedules.map((schedule) => (
        <SchedulePanel key={schedule.name} schedule={schedule} people={people} fromMs={fromMs} />
      ))}
      {policies.map((policy) => (
        <PolicyPanel key={policy.name} policy={policy} />
      ))}
      <ResponseTimes times={response_times} />
    </div>
  );
}

const example = `on_call:
  people:
    - name: ada
      receivers: [ada-phone]
    - name: grace
      receivers: [grace-phone]
  schedules:
    - name: primary
      time_zone: Europe/Berlin
      rotations:
        - people: [ada, grace]
          start: 2026-11-02T09:00:00
          shift_length: 1w
  escalation_policies:
    - name: default
      steps:
        - schedules: [primary]
        - after: 5m
          receivers: [lead-sms]`;

function NothingYet() {
  return (
    <>
      <EmptyState title="Nobody is on call." icon={<CalendarClock aria-hidden />}>
        Name people, schedules and escalation policies in <code>bellwether.yml</code>. Until then alerts go to
        the receivers of their routes, and nobody is asked again.
      </EmptyState>
      <div className={css.example}>
        <CodeBlock label="Example for bellwether.yml" text={example} />
      </div>
    </>
  );
}

/** By when somebody has to answer. */
function ResponseTimes({ times }: { times: OnCallJson['response_times'] }) {
  if (times.length === 0) return null;
  return (
    <Panel title="Response times" flush>
      <div className={css.scroll}>
        <table className={`${css.simple} ${css.inset}`} aria-label="Response times">
          <thead>
            <tr>
              <th scope="col">Priority</th>
              <th scope="col">Acknowledged within</th>
              <th scope="col">Severities</th>
            </tr>
          </thead>
          <tbody>
            {times.map(({ priority, within_s, severities }) => (
              <tr key={priority}>
                <td>
                  <PriorityMark priority={priority} />
                </td>
                <td>{within_s === null ? 'no fixed time' : formatSpan(within_s * 1000)}</td>
                <td>{severities.map((one) => one || 'none').join(', ') || missing}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

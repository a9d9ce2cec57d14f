import type { ActiveAlertJson, AlertDetailJson } from '@contract';
import { Link } from '@tanstack/react-router';
import { BellOff, Check, Link2, Undo2 } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import {
  Button,
  ErrorState,
  Facts,
  SideSection,
  Skeleton,
  TimeAgo,
  useShownZone,
} from '../../components/index.ts';
import { formatAbsolute } from '../../lib/format.ts';
import { copyText } from '../../shell/toasts.tsx';
import { formatValue } from '../explore/value-text.ts';
import type { AlertActions } from './alert-actions.ts';
import {
  AlertStateDot,
  lookOf,
  OutsideLink,
  Owner,
  PriorityMark,
  ResponseDue,
  RunbookLink,
  SafeText,
  SuppressedMark,
  Told,
} from './alert-look.tsx';
import { webUrl } from './alert-model.ts';
import css from './detail.module.css';
import { Timeline } from './timeline.tsx';
import { AlertWhyView } from './why.tsx';

const AlertGraph = lazy(async () => ({ default: (await import('./alert-graph.tsx')).AlertGraph }));

/** State, priority and age: the first thing to read under the name. */
export function AlertHeadline({ alert }: { alert: ActiveAlertJson }) {
  return (
    <>
      <PriorityMark priority={alert.priority} />
      <AlertStateDot state={lookOf(alert)} pill />
      <SuppressedMark alert={alert} />
      {[alert.service, alert.severity].filter(Boolean).join(' · ')}
    </>
  );
}

export interface AlertBodyProps {
  alert: ActiveAlertJson;
  /** Absent while it is on its way. */
  detail: AlertDetailJson | undefined;
  error: unknown;
  onRetry: () => void;
  actions: AlertActions;
  onSilence: (alert: ActiveAlertJson) => void;
}

/** Everything about one alert, for the side panel. The page shows the same parts in two columns. */
export function AlertBody(props: AlertBodyProps) {
  const { alert } = props;
  return (
    <>
      <AlertButtons {...props} />
      <AlertText alert={alert} />
      <AlertFacts alert={alert} />
      <DetailParts {...props} />
      <SideSection title="Labels">
        <LabelFacts labels={alert.labels} />
      </SideSection>
    </>
  );
}

/** What has to be asked for: the graph, what happened, and why. */
function DetailParts({ alert, detail, error, onRetry }: AlertBodyProps) {
  if (detail === undefined) {
    return error ? (
      <ErrorState compact title="The details could not be read." error={error} onRetry={onRetry} />
    ) : (
      <Skeleton height="240px" />
    );
  }
  return (
    <>
      <GraphPart alert={alert} query={detail.query} />
      <SideSection
        title="What happened"
        actions={
          <Link to="/alerts/history" search={{ fingerprint: alert.fingerprint }} className={css.link}>
            History
          </Link>
        }
      >
        <Timeline events={detail.timeline} />
      </SideSection>
      <SideSection title="Why">
        <AlertWhyView why={detail.why} ruleId={alert.rule_id} heading="h4" />
      </SideSection>
    </>
  );
}

export function GraphPart({ alert, query }: { alert: ActiveAlertJson; query: string }) {
  if (query === '') return null;
  return (
    <div className={css.graph}>
      <Suspense fallback={<Skeleton height="280px" />}>
        <AlertGraph query={query} alert={alert} />
      </Suspense>
    </div>
  );
}

const acknowledgeChoices = [
  { label: 'for 1 h', for_s: 3600 },
  { label: 'for 8 h', for_s: 8 * 3600 },
] as const;

export function AlertButtons({
  alert,
  actions,
  onSilence,
}: Pick<AlertBodyProps, 'alert' | 'actions' | 'onSilence'>) {
  const [isBusy, setBusy] = useState(false);
  if (alert.state === 'resolved') return null;
  const act = async (run: () => Promise<boolean>): Promise<void> => {
    setBusy(true);
    await run();
    setBusy(false);
  };
  return (
    <div className={css.buttons}>
      {alert.acknowledged === null ? (
        <>
          <Button
            variant="primary"
            icon={<Check aria-hidden />}
            disabled={isBusy}
            title="Until it is resolved (a)"
            onClick={() => void act(() => actions.acknowledge(alert))}
          >
            Acknowledge
          </Button>
          {acknowledgeChoices.map(({ label, for_s }) => (
            <Button
              key={label}
              disabled={isBusy}
              aria-label={`Acknowledge ${label}`}
              title={`Acknowledge ${label}; then it is escalated again`}
              onClick={() => void act(() => actions.acknowledge(alert, { for_s }))}
            >
              {label}
            </Button>
          ))}
        </>
      ) : (
        <Button
          icon={<Undo2 aria-hidden />}
          disabled={isBusy}
          title="Withdraw the acknowledgement (Shift+A)"
          onClick={() => void act(() => actions.unacknowledge(alert))}
        >
          Withdraw acknowledgement
        </Button>
      )}
      <Button icon={<BellOff aria-hidden />} title="Silence (s)" onClick={() => onSilence(alert)}>
        Silence
      </Button>
      <Button
        variant="quiet"
        icon={<Link2 aria-hidden />}
        aria-label="Copy the link to this alert"
        onClick={() => void copyText(`${location.origin}/alerts/${alert.fingerprint}`, 'Link')}
      />
      <RunbookLink alert={alert} />
    </div>
  );
}

/** Annotations: summary and description first, the others as pairs. Text only, whatever it contains. */
export function AlertText({ alert }: { alert: ActiveAlertJson }) {
  const { summary = '', description = '', runbook_url: _, ...others } = alert.annotations;
  const rest = Object.entries(others);
  return (
    <div className={css.texts}>
      {summary !== '' && (
        <p className={css.lead}>
          <SafeText text={summary} />
        </p>
      )}
      {description !== '' && (
        <p className={css.description}>
          <SafeText text={description} />
        </p>
      )}
      {rest.length > 0 && (
        <Facts facts={rest.map(([name, value]) => ({ name, value: <SafeText text={value} /> }))} />
      )}
    </div>
  );
}

export function AlertFacts({ alert }: { alert: ActiveAlertJson }) {
  const zone = useShownZone();
  const startsMs = Date.parse(alert.starts_at);
  return (
    <Facts
      facts={[
        { name: 'Value', value: formatValue(alert.value) },
        {
          name: alert.state === 'pending' ? 'Pending since' : 'Firing since',
          value: (
            <>
              {formatAbsolute(startsMs, zone)} (<TimeAgo at={startsMs} />)
            </>
          ),
        },
        ...(alert.ends_at === null
          ? []
          : [{ name: 'Resolved', value: formatAbsolute(Date.parse(alert.ends_at), zone) }]),
        {
          name: 'Who has it',
          value: (
            <span className={css.lines}>
              <Owner alert={alert} />
              {alert.acknowledged?.note && <span>“{alert.acknowledged.note}”</span>}
              {alert.acknowledged === null && <ResponseDue alert={alert} />}
            </span>
          ),
        },
        {
          name: 'Told',
          value: (
            <span className={css.lines}>
              <Told alert={alert} />
              {alert.notify_error !== '' && <span className={css.bad}>{alert.notify_error}</span>}
            </span>
          ),
        },
        ...alert.suppressed_by.map(({ kind, by }) => ({
          name: suppressedNames[kind],
          value: <SuppressedBy kind={kind} by={by} />,
        })),
        { name: 'Source', value: <Source alert={alert} /> },
      ]}
    />
  );
}

const suppressedNames = { silenced: 'Silenced by', inhibited: 'Inhibited by', muted: 'Muted by' } as const;

function SuppressedBy({ kind, by }: ActiveAlertJson['suppressed_by'][number]) {
  if (kind === 'muted') return by.join(', ');
  return (
    <span className={css.lines}>
      {by.map((id) =>
        kind === 'silenced' ? (
          <Link key={id} to="/alerts/silences" search={{ sel: id }} className={css.link}>
            Silence {id.slice(0, 8)}
          </Link>
        ) : (
          <Link key={id} to="/alerts/$fingerprint" params={{ fingerprint: id }} className={css.link}>
            Alert {id}
          </Link>
        ),
      )}
    </span>
  );
}

function Source({ alert }: { alert: ActiveAlertJson }) {
  const outside = webUrl(alert.generator_url);
  return (
    <span className={css.lines}>
      {alert.rule_id === null ? (
        alert.source
      ) : (
        <Link to="/alerts/rules/$ruleId" params={{ ruleId: alert.rule_id }} className={css.link}>
          Rule {alert.name}
        </Link>
      )}
      {alert.rule_id === null && outside !== null && (
        <OutsideLink href={outside} className={css.link}>
          Where it comes from
        </OutsideLink>
      )}
    </span>
  );
}

export function LabelFacts({ labels }: { labels: Readonly<Record<string, string>> }) {
  return (
    <Facts
      facts={Object.entries(labels).map(([name, value]) => ({
        name,
        value: <SafeText text={value} />,
        mono: true,
      }))}
    />
  );
}

import type { AlertWhyJson, RuleWhyJson } from '@contract';
import { CircleCheck, CircleDashed, CornerDownRight } from 'lucide-react';
import { StatusDot, TimeAgo } from '../../components/index.ts';
import { formatDuration, plural } from '../../lib/format.ts';
import { seriesText } from '../explore/series-text.ts';
import { formatValue } from '../explore/value-text.ts';
import { useRuleWhy } from './alert-data.ts';
import { AlertStateDot, Countdown, stateLooks } from './alert-look.tsx';
import { isEverything } from './alert-model.ts';
import shared from './alerts.module.css';
import css from './detail.module.css';

/** Why somebody was told, or not: routes looked at, groups with their decisions, and the last evaluations. */
export function AlertWhyView(props: {
  why: AlertWhyJson;
  ruleId: string | null;
  /** Level that follows the one of the section it stands in. */
  heading?: 'h3' | 'h4';
}) {
  const { why, ruleId, heading: Heading = 'h3' } = props;
  return (
    <div className={css.whys}>
      <section className={css.why}>
        <Heading>Routes looked at</Heading>
        <Routes routes={why.routes} />
      </section>
      <section className={css.why}>
        <Heading>Groups and decisions</Heading>
        <Groups groups={why.groups} />
      </section>
      {ruleId !== null && <RuleEvaluations ruleId={ruleId} heading={Heading} />}
    </div>
  );
}

function Routes({ routes }: { routes: AlertWhyJson['routes'] }) {
  if (routes.length === 0) return <p className={css.faint}>No route: there is no routing configuration.</p>;
  return (
    <ol className={css.routes}>
      {routes.map((route) => (
        <li key={route.route} data-taken={route.taken ? 'yes' : 'no'}>
          {route.taken ? (
            <CircleCheck aria-hidden data-tone="ok" />
          ) : route.matched ? (
            <CornerDownRight aria-hidden />
          ) : (
            <CircleDashed aria-hidden />
          )}
          <span title={route.route}>
            <code>{isEverything(route.matchers) ? 'everything' : route.matchers}</code>
          </span>
          <span>
            {route.taken
              ? `taken: ${route.receiver}`
              : route.matched
                ? 'matches, a route below it was taken'
                : 'no match'}
          </span>
        </li>
      ))}
    </ol>
  );
}

const statusWords = { firing: 'told that it fires', resolved: 'told that it is over' } as const;

function Groups({ groups }: { groups: AlertWhyJson['groups'] }) {
  if (groups.length === 0) return <p className={css.faint}>It is in no group: nothing will be sent.</p>;
  return groups.map((group) => (
    <div key={`${group.group_key} ${group.receiver}`} className={css.group}>
      <div title={group.group_key}>
        <strong>{group.receiver}</strong>{' '}
        {group.next_flush_at !== null && (
          <span className={css.faint}>
            looks again <Countdown at={group.next_flush_at} passed={() => 'now'} />
          </span>
        )}
      </div>
      {group.integrations.map((one) => (
        <div key={one.integration} className={css.decision}>
          <span>
            {one.integration}
            <span className={css.faint}>
              {one.last_status === null || one.last_notified_at === null ? (
                ', told nothing yet'
              ) : (
                <>
                  , {statusWords[one.last_status]} <TimeAgo at={one.last_notified_at} />
                </>
              )}
            </span>
          </span>
          {one.decision !== '' && (
            <span>
              {one.decision}
              {one.decided_at !== null && (
                <span className={css.faint}>
                  {' '}
                  (<TimeAgo at={one.decided_at} />)
                </span>
              )}
            </span>
          )}
        </div>
      ))}
    </div>
  ));
}

function RuleEvaluations({ ruleId, heading: Heading }: { ruleId: string; heading: 'h3' | 'h4' }) {
  const why = useRuleWhy(ruleId);
  if (!why.data) return null;
  return (
    <section className={css.why}>
      <Heading>Last evaluations of the rule</Heading>
      <Evaluations evaluations={why.data.evaluations.slice(0, mostShort)} />
    </section>
  );
}

const mostShort = 5;
/** Series listed of one evaluation. */
const mostSeries = 10;

/** When the rule ran, how long that took, and what came out. */
export function Evaluations({ evaluations }: { evaluations: RuleWhyJson['evaluations'] }) {
  if (evaluations.length === 0) return <p className={css.faint}>Not evaluated yet.</p>;
  return (
    <div className={shared.scroll}>
      <table className={shared.simple} aria-label="Evaluations">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Result</th>
            <th scope="col" className={shared.num}>
              Took
            </th>
          </tr>
        </thead>
        <tbody>
          {evaluations.map((one) => (
            <tr key={one.at}>
              <td>
                <TimeAgo at={one.at} />
              </td>
              <td>
                <EvaluationResult evaluation={one} />
              </td>
              <td className={shared.num}>{formatDuration(one.duration_ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function EvaluationResult({ evaluation }: { evaluation: RuleWhyJson['evaluations'][number] }) {
  if (evaluation.store_away)
    return <StatusDot tone="warn">The store was away; nothing was changed</StatusDot>;
  if (evaluation.error !== '') {
    return (
      <StatusDot tone="bad" title={evaluation.error}>
        {evaluation.error}
      </StatusDot>
    );
  }
  const rest = evaluation.series_count - Math.min(evaluation.series.length, mostSeries);
  return (
    <>
      {evaluation.series_count === 0 && (
        <span className={css.faint}>no series: the condition is not met</span>
      )}
      {evaluation.series.slice(0, mostSeries).map((series) => (
        <div key={seriesText(series.labels)}>
          <strong>{formatValue(series.value)}</strong> <code>{seriesText(series.labels)}</code>{' '}
          {series.state in stateLooks && (
            <AlertStateDot
              state={series.state as keyof typeof stateLooks}
              title={series.active_at === null ? undefined : `Active since ${series.active_at}`}
            />
          )}
          {series.state === 'pending' && series.active_at !== null && (
            <span className={css.faint}>
              {' '}
              since <TimeAgo at={series.active_at} />
            </span>
          )}
        </div>
      ))}
      {rest > 0 && <span className={css.faint}>and {plural(rest, 'more series', 'more series')}</span>}
      {evaluation.warnings.map((warning) => (
        <div key={warning} className={css.faint}>
          {warning}
        </div>
      ))}
    </>
  );
}

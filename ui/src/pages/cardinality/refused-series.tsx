import { Lightbulb } from 'lucide-react';
import { CopyButton, Panel, StatusDot, TimeAgo } from '../../components/index.ts';
import { formatCompact, formatCount, plural } from '../../lib/format.ts';
import css from './cardinality.module.css';
import { advice, limits, type RefusedMetric } from './cardinality-data.ts';

/** What was not taken, which label is to blame, and what to do. Nothing at all when everything was taken. */
export function RefusedSeries(props: { refused: readonly RefusedMetric[]; others: number }) {
  if (props.refused.length === 0 && props.others === 0) return null;
  return (
    <Panel
      title="Refused series"
      note="samples of these were lost"
      actions={
        <StatusDot tone="bad" pill>
          {plural(props.refused.length, 'metric')}
        </StatusDot>
      }
    >
      <ul className={css.refused}>
        {props.refused.map((one) => (
          <RefusedOne key={one.metric} refused={one} />
        ))}
      </ul>
      {props.others > 0 && (
        <p className={css.quiet}>{formatCount(props.others)} more refusals of further metrics.</p>
      )}
    </Panel>
  );
}

function RefusedOne({ refused }: { refused: RefusedMetric }) {
  const { label } = refused;
  return (
    <li className={css.refusedOne}>
      <p className={css.refusedHead}>
        <code>{refused.metric}</code>
        <CopyButton text={refused.metric} label={`Copy ${refused.metric}`} variant="quiet" iconOnly />
        {label && (
          <StatusDot tone="bad" pill title="The label with the most different values">
            {label.label}: about {formatCompact(label.values)} values
          </StatusDot>
        )}
      </p>
      <p>
        About {plural(refused.series, 'series', 'series')} refused, {formatCount(refused.refusals)} times,
        because {limits[refused.limit].what} is reached
        {refused.source && (
          <>
            ; last from <code>{refused.source}</code>
          </>
        )}
        , <TimeAgo at={refused.last_at_ms} />.
      </p>
      <ul className={css.advice}>
        {advice(refused).map((step) => (
          <li key={step}>
            <Lightbulb aria-hidden />
            <span>{step}</span>
          </li>
        ))}
      </ul>
    </li>
  );
}

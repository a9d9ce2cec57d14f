import type { BacktestJson, RuleBodyJson } from '@contract';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { FlaskConical } from 'lucide-react';
import { useState } from 'react';
import {
  Button,
  ErrorState,
  Panel,
  Segmented,
  Skeleton,
  StatusDot,
  useShownZone,
} from '../../components/index.ts';
import { apiPost } from '../../lib/api.ts';
import { formatAbsolute, formatCount, formatSpan, plural } from '../../lib/format.ts';
import { zoneName } from '../../lib/time.ts';
import { seriesText } from '../explore/series-text.ts';
import { formatValue } from '../explore/value-text.ts';
import shared from './alerts.module.css';
import css from './backtest.module.css';

const ranges = ['1d', '7d', '30d'] as const;
type Range = (typeof ranges)[number];
const rangeWords: Record<Range, string> = { '1d': '1 day', '7d': '7 days', '30d': '30 days' };

/** How often would it have fired? Asked on demand: it evaluates the rule over all of that time. */
export function BacktestPanel({ rule, disabled }: { rule: RuleBodyJson; disabled?: boolean }) {
  const zone = useShownZone();
  const [range, setRange] = useState<Range>('7d');
  const [asked, setAsked] = useState<{ rule: string; range: Range } | null>(null);
  const text = JSON.stringify(rule);
  const isCurrent = asked?.rule === text && asked.range === range;
  const result = useQuery({
    queryKey: ['backtest', asked],
    queryFn: ({ signal }) =>
      apiPost<BacktestJson>(
        '/api/rules/backtest',
        {
          ...{ rule: JSON.parse(asked!.rule), from: `now-${asked!.range}`, to: 'now' },
          time_zone: zoneName(zone),
        },
        { signal },
      ),
    enabled: asked !== null,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return (
    <Panel
      title="Back-test"
      note={asked !== null && !isCurrent && result.data ? 'of an earlier version' : undefined}
      actions={
        <>
          <Segmented
            label="Over the last"
            value={range}
            options={ranges.map((value) => ({ value, label: rangeWords[value] }))}
            onChange={setRange}
          />
          <Button
            icon={<FlaskConical aria-hidden />}
            disabled={disabled || result.isFetching}
            onClick={() => (isCurrent ? void result.refetch() : setAsked({ rule: text, range }))}
          >
            Run
          </Button>
        </>
      }
    >
      <div aria-busy={result.isFetching}>
        {asked === null ? (
          <p className={shared.faint}>How often would it have fired? Runs over the data that is stored.</p>
        ) : result.error ? (
          <ErrorState compact title="The back-test failed." error={result.error} />
        ) : result.data ? (
          <Result result={result.data} zone={zone} />
        ) : (
          <Skeleton height="72px" />
        )}
      </div>
    </Panel>
  );
}

/** The sentence people decide on. */
export function backtestSentence(result: BacktestJson): string {
  const days = Math.max(1, Math.round((Date.parse(result.to) - Date.parse(result.from)) / 86_400_000));
  const within = days === 1 ? 'in a day' : `in ${days} days`;
  if (result.fired === 0) {
    const almost =
      result.only_pending > 0 ? ` It was pending ${plural(result.only_pending, 'time')} without firing.` : '';
    return `Would not have fired ${within}.${almost}`;
  }
  const night = result.fired_at_night > 0 ? `, ${formatCount(result.fired_at_night)} at night` : '';
  const lengths = `${formatSpan(result.firing_s * 1000)} in all, ${formatSpan(result.longest_s * 1000)} at the longest`;
  return `Would have fired ${plural(result.fired, 'time')} ${within}${night}: ${lengths}.`;
}

const mostListed = 50;

function Result({ result, zone }: { result: BacktestJson; zone: string }) {
  if (result.problems.length > 0) {
    return result.problems.map(({ path, message }) => (
      <StatusDot key={`${path} ${message}`} tone="bad">
        {message}
      </StatusDot>
    ));
  }
  const shown = result.intervals.slice(0, mostListed);
  return (
    <>
      <p className={css.sentence} role="status">
        {backtestSentence(result)}
      </p>
      <Strip result={result} zone={zone} />
      {result.warnings.map((warning) => (
        <p key={warning} className={shared.faint}>
          {warning}
        </p>
      ))}
      {shown.length > 0 && (
        <div className={shared.scroll}>
          <table className={shared.simple} aria-label="Times it would have fired">
            <thead>
              <tr>
                <th scope="col">Fired</th>
                <th scope="col" className={shared.num}>
                  For
                </th>
                <th scope="col" className={shared.num}>
                  Value
                </th>
                <th scope="col">Labels</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((one) => (
                <tr key={`${one.fired_at} ${seriesText(one.labels)}`}>
                  <td>
                    {formatAbsolute(Date.parse(one.fired_at), zone).slice(0, 16)}
                    {one.at_night && <span className={css.night}>night</span>}
                  </td>
                  <td className={shared.num}>
                    {one.resolved_at === null
                      ? 'still firing'
                      : formatSpan(Date.parse(one.resolved_at) - Date.parse(one.fired_at))}
                  </td>
                  <td className={shared.num}>{formatValue(one.value)}</td>
                  <td>
                    <code>{seriesText(one.labels)}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {(result.are_intervals_cut || result.intervals.length > shown.length) && (
        <p className={shared.faint}>Further times are counted, but not listed.</p>
      )}
    </>
  );
}

/** When it would have fired, as marks over the whole time. The table says the same in words. */
function Strip({ result, zone }: { result: BacktestJson; zone: string }) {
  const fromMs = Date.parse(result.from);
  const spanMs = Math.max(1, Date.parse(result.to) - fromMs);
  const percent = (ms: number) => Math.max(0, Math.min(100, ((ms - fromMs) / spanMs) * 100));
  return (
    <div className={css.strip}>
      <svg
        viewBox="0 0 100 10"
        preserveAspectRatio="none"
        className={css.marks}
        role="img"
        aria-label={backtestSentence(result)}
      >
        {result.intervals.map((one) => {
          const left = percent(Date.parse(one.fired_at));
          const right = one.resolved_at === null ? 100 : percent(Date.parse(one.resolved_at));
          return (
            <rect
              key={`${one.fired_at} ${seriesText(one.labels)}`}
              x={left}
              width={Math.max(0.35, right - left)}
              y={0}
              height={10}
              data-night={one.at_night || undefined}
            />
          );
        })}
      </svg>
      <span>{formatAbsolute(fromMs, zone).slice(0, 10)}</span>
      <span>now</span>
    </div>
  );
}

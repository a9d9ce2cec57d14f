import type { AlertMatcherJson, SilencePreviewJson } from '@contract';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Plus, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button, failureOf, useShownZone } from '../../components/index.ts';
import { apiPost } from '../../lib/api.ts';
import { formatAbsolute, plural } from '../../lib/format.ts';
import { countdownText, parseUntil, tomorrowMorning } from './alert-model.ts';
import css from './form.module.css';

/** Parts of the silence forms: for how long, for what, and what that would silence now. */

export const durations = ['1h', '4h', 'morning', 'custom'] as const;
export type Duration = (typeof durations)[number];

const durationMs: Partial<Record<Duration, number>> = { '1h': 3_600_000, '4h': 4 * 3_600_000 };

/** When it ends (epoch ms); null when what was typed is no time to come. */
export function silenceEnd(choice: Duration, custom: string, nowMs: number, zone: string): number | null {
  if (choice === 'custom') return parseUntil(custom, nowMs, zone);
  if (choice === 'morning') return tomorrowMorning(nowMs, zone);
  return nowMs + (durationMs[choice] ?? 0);
}

const durationWords: Record<Duration, string> = {
  '1h': '1 hour',
  '4h': '4 hours',
  morning: 'Until tomorrow 9:00',
  custom: 'Other',
};

export function DurationChoice(props: {
  value: Duration;
  onChange: (value: Duration) => void;
  custom: string;
  onCustom: (text: string) => void;
}) {
  const zone = useShownZone();
  const nowMs = Date.now();
  const endMs = silenceEnd(props.value, props.custom, nowMs, zone);
  return (
    <fieldset className={css.field}>
      <legend>For how long</legend>
      <div className={css.choices}>
        {durations.map((one) => (
          <label key={one} className={css.choice}>
            <input
              type="radio"
              name="duration"
              checked={props.value === one}
              onChange={() => props.onChange(one)}
            />
            {durationWords[one]}
          </label>
        ))}
      </div>
      {props.value === 'custom' && (
        <input
          className={css.input}
          aria-label="Length or end"
          placeholder="90m, 2d, or 2026-11-20 18:00"
          value={props.custom}
          aria-invalid={endMs === null}
          onChange={(event) => props.onCustom(event.target.value)}
        />
      )}
      <p className={css.hint} role="status">
        {endMs === null
          ? 'Write a length such as 90m or 2d, or a time to come such as 2026-11-20 18:00.'
          : `Ends ${formatAbsolute(endMs, zone)}, in ${countdownText(endMs - nowMs)}.`}
      </p>
    </fieldset>
  );
}

const types = ['=', '!=', '=~', '!~'] as const;
const typeWords = { '=': 'is', '!=': 'is not', '=~': 'matches', '!~': 'does not match' } as const;

export function MatcherEditor(props: {
  value: readonly AlertMatcherJson[];
  onChange: (value: AlertMatcherJson[]) => void;
}) {
  const { value, onChange } = props;
  const change = (at: number, patch: Partial<AlertMatcherJson>) =>
    onChange(value.map((one, index) => (index === at ? { ...one, ...patch } : one)));
  return (
    <fieldset className={css.field}>
      <legend>Alerts whose labels</legend>
      {value.map((matcher, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: matchers have no other identity while they are typed
        <div key={at} className={css.matcher}>
          <input
            className={css.input}
            aria-label={`Label ${at + 1}`}
            placeholder="label"
            data-autofocus={at === 0 && matcher.name === '' ? '' : undefined}
            spellCheck={false}
            autoCapitalize="none"
            value={matcher.name}
            onChange={(event) => change(at, { name: event.target.value.trim() })}
          />
          <select
            className={css.input}
            aria-label={`Comparison ${at + 1}`}
            value={matcher.type}
            onChange={(event) => change(at, { type: event.target.value as AlertMatcherJson['type'] })}
          >
            {types.map((type) => (
              <option key={type} value={type}>
                {type} {typeWords[type]}
              </option>
            ))}
          </select>
          <input
            className={css.input}
            aria-label={`Value ${at + 1}`}
            placeholder="value"
            spellCheck={false}
            autoCapitalize="none"
            value={matcher.value}
            onChange={(event) => change(at, { value: event.target.value })}
          />
          <Button
            variant="quiet"
            icon={<X aria-hidden />}
            aria-label={`Remove matcher ${at + 1}`}
            disabled={value.length === 1}
            onClick={() => onChange(value.filter((_, index) => index !== at))}
          />
        </div>
      ))}
      <Button
        variant="quiet"
        className={css.add}
        icon={<Plus aria-hidden />}
        onClick={() => onChange([...value, { name: '', type: '=', value: '' }])}
      >
        Add a matcher
      </Button>
    </fieldset>
  );
}

const settleMs = 250;

/** What the matchers would silence now. */
export function useSilencePreview(matchers: readonly AlertMatcherJson[]) {
  const usable = matchers.filter(({ name }) => name !== '');
  const text = useSettled(JSON.stringify(usable));
  return useQuery({
    queryKey: ['silence-preview', text],
    queryFn: ({ signal }) =>
      apiPost<SilencePreviewJson>('/api/silences/preview', { matchers: JSON.parse(text) }, { signal }),
    enabled: text !== '[]',
    placeholderData: keepPreviousData,
    retry: false,
  });
}

/** The value once it has not changed for a moment. */
export function useSettled<T>(value: T, afterMs = settleMs): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), afterMs);
    return () => clearTimeout(timer);
  }, [value, afterMs]);
  return settled;
}

const mostNamed = 5;

export function PreviewLine({ preview }: { preview: ReturnType<typeof useSilencePreview> }) {
  if (preview.error) {
    return (
      <p className={css.problem} role="alert">
        {failureOf(preview.error).message}
      </p>
    );
  }
  const data = preview.data;
  if (!data) return <p className={css.preview}>{preview.fetchStatus === 'fetching' ? 'Counting…' : ''}</p>;
  const names = [
    ...new Set(data.alerts.map(({ name, service }) => (service ? `${name} (${service})` : name))),
  ];
  return (
    <p className={css.preview} role="status">
      <strong>
        {data.total === 0 ? 'Silences no alert now' : `Silences ${plural(data.total, 'alert')} now`}
      </strong>
      {names.length > 0 &&
        `: ${names.slice(0, mostNamed).join(', ')}${names.length > mostNamed ? ', …' : ''}`}
    </p>
  );
}

import { ChevronDown, ChevronLeft, ChevronRight, Clock, ZoomIn, ZoomOut } from 'lucide-react';
import { Popover } from 'radix-ui';
import { type FormEvent, type KeyboardEvent, useId, useState } from 'react';
import { useRecentRanges } from '../lib/recent-ranges.ts';
import {
  describeRange,
  editableTime,
  isRelative,
  parseTime,
  type RangeText,
  rangePresets,
  zoneName,
  zoneOffsetText,
} from '../lib/time.ts';
import { type TimeRange, useTimeRange } from '../lib/url-state.ts';
import { setOverlay, useOverlay } from './overlays.ts';
import css from './time-picker.module.css';
import bar from './top-bar.module.css';
import { ZoneSwitch } from './zone-switch.tsx';

/** The range of the page: what it is, a step back and forth, and everything else in a popover. */
export function TimePicker() {
  const range = useTimeRange();
  const isOpen = useOverlay() === 'time';
  const preset = rangePresets.find((one) => one.from === range.from && one.to === range.to);
  return (
    <div className={bar.group}>
      <button
        type="button"
        className={`${bar.button} ${bar.wide}`}
        onClick={() => range.shift(-1)}
        aria-label="Shift back by half the range"
        title="Shift back ([)"
      >
        <ChevronLeft aria-hidden />
      </button>
      <Popover.Root open={isOpen} onOpenChange={(next) => setOverlay('time', next)}>
        <Popover.Trigger className={`${bar.button} ${css.trigger}`} title={`${exactText(range)} (t)`}>
          <Clock aria-hidden />
          <span className="visually-hidden">Time range: </span>
          <span className={css.label}>{range.label}</span>
          <span className={css.short}>{preset?.short ?? range.label}</span>
          {range.zone !== 'browser' && <span className={css.zone}>{zoneName(range.zone)}</span>}
          <ChevronDown aria-hidden />
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content
            className={css.popover}
            align="end"
            sideOffset={6}
            collisionPadding={8}
            aria-label="Time range"
            onOpenAutoFocus={focusChosen}
          >
            <Picker range={range} close={() => setOverlay('time', false)} />
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      <button
        type="button"
        className={`${bar.button} ${bar.wide}`}
        onClick={() => range.shift(1)}
        disabled={range.to === 'now'}
        aria-label="Shift forward by half the range"
        title="Shift forward (])"
      >
        <ChevronRight aria-hidden />
      </button>
    </div>
  );
}

/** On the chosen range, not on an input: that would open the keyboard of a phone. */
function focusChosen(event: Event): void {
  const content = event.currentTarget as HTMLElement;
  const chosen =
    content.querySelector<HTMLElement>('[aria-pressed="true"]') ??
    content.querySelector<HTMLElement>('button');
  if (chosen === null) return;
  event.preventDefault();
  chosen.focus();
}

/** Arrows walk through the list, as in a menu. */
function walkPresets(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('button')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  rows.at((at + step) % rows.length)?.focus();
}

function exactText(range: TimeRange): string {
  const offset = zoneOffsetText(range.zone, range.toMs);
  return `${editableTime(range.fromMs, range.zone)} to ${editableTime(range.toMs, range.zone)} ${offset}`;
}

function Picker(props: { range: TimeRange; close: () => void }) {
  const { range, close } = props;
  const pick = (next: RangeText): void => {
    range.setRange(next.from, next.to);
    close();
  };
  return (
    <div className={css.picker}>
      <div className={css.columns}>
        <fieldset className={css.presets} aria-label="Ranges" onKeyDown={walkPresets}>
          {rangePresets.map((preset) => (
            <button
              key={preset.short}
              type="button"
              className={css.row}
              aria-pressed={preset.from === range.from && preset.to === range.to}
              onClick={() => pick(preset)}
            >
              {preset.label}
            </button>
          ))}
        </fieldset>
        <div className={css.custom}>
          <CustomForm key={`${range.from} ${range.to} ${range.zone}`} range={range} pick={pick} />
          <RecentRanges range={range} pick={pick} />
        </div>
      </div>
      <footer className={css.foot}>
        <ZoneSwitch atMs={range.toMs} />
        <div className={bar.group}>
          <button
            type="button"
            className={bar.button}
            onClick={() => range.zoom(2)}
            title="Zoom out (-)"
            aria-label="Zoom out"
          >
            <ZoomOut aria-hidden />
          </button>
          <button
            type="button"
            className={bar.button}
            onClick={() => range.zoom(0.5)}
            title="Zoom in (=)"
            aria-label="Zoom in"
          >
            <ZoomIn aria-hidden />
          </button>
        </div>
      </footer>
    </div>
  );
}

/** Words stay as they are; moments are shown in the zone of the page. */
function editable(text: string, ms: number, range: TimeRange): string {
  return isRelative(text) ? text : editableTime(ms, range.zone);
}

interface Problem {
  field: 'from' | 'to';
  text: string;
}

const formHint = 'Such as now-90m, 2026-11-20 14:00, or a pasted epoch or ISO time';

function problemOf(from: string, to: string, range: TimeRange): Problem | null {
  const now = Date.now();
  const fromMs = parseTime(from, now, range.zone);
  const toMs = parseTime(to, now, range.zone);
  if (fromMs === null) return { field: 'from', text: `"${from}" is not a time. ${formHint}.` };
  if (toMs === null) return { field: 'to', text: `"${to}" is not a time. ${formHint}.` };
  if (fromMs >= toMs) return { field: 'to', text: 'The end must be after the start.' };
  return null;
}

/** What goes into the URL: relative words as they are, everything else as the moment it means, so that the zone does not matter. */
function urlText(text: string, range: TimeRange): string {
  const trimmed = text.trim();
  if (isRelative(trimmed)) return trimmed;
  const ms = parseTime(trimmed, Date.now(), range.zone);
  return ms === null ? trimmed : new Date(ms).toISOString();
}

function CustomForm(props: { range: TimeRange; pick: (range: RangeText) => void }) {
  const { range } = props;
  const id = useId();
  const [from, setFrom] = useState(() => editable(range.from, range.fromMs, range));
  const [to, setTo] = useState(() => editable(range.to, range.toMs, range));
  const [problem, setProblem] = useState<Problem | null>(null);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const found = problemOf(from, to, range);
    setProblem(found);
    if (found === null) props.pick({ from: urlText(from, range), to: urlText(to, range) });
    else document.getElementById(`${id}-${found.field}`)?.focus();
  };
  const field = (name: 'from' | 'to', label: string, value: string, set: (value: string) => void) => (
    <label className={css.field}>
      <span>{label}</span>
      <input
        id={`${id}-${name}`}
        value={value}
        onChange={(event) => set(event.target.value)}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        aria-invalid={problem?.field === name}
        aria-describedby={`${id}-hint`}
      />
    </label>
  );
  return (
    <form className={css.form} onSubmit={submit} noValidate>
      {field('from', 'From', from, setFrom)}
      {field('to', 'To', to, setTo)}
      <p
        id={`${id}-hint`}
        className={css.hint}
        data-bad={problem !== null}
        role={problem === null ? undefined : 'alert'}
      >
        {problem?.text ?? formHint}
      </p>
      <button type="submit" className={css.apply}>
        Apply
      </button>
    </form>
  );
}

function RecentRanges(props: { range: TimeRange; pick: (range: RangeText) => void }) {
  const isPreset = (one: RangeText): boolean =>
    rangePresets.some((preset) => preset.from === one.from && preset.to === one.to);
  const recent = useRecentRanges()
    .filter((one) => !isPreset(one))
    .slice(0, 4);
  if (recent.length === 0) return null;
  return (
    <fieldset className={css.recent} aria-label="Recent ranges">
      <h3>Recent</h3>
      {recent.map((one) => (
        <button
          key={`${one.from} ${one.to}`}
          type="button"
          className={css.row}
          onClick={() => props.pick(one)}
        >
          {describeRange(one, props.range.toMs, props.range.zone)}
        </button>
      ))}
    </fieldset>
  );
}

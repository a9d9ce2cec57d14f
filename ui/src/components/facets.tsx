import { Check, ChevronDown } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { formatCompact } from '../lib/format.ts';
import css from './facets.module.css';

export interface FacetOption {
  value: string;
  count: number;
  label?: ReactNode;
}

/** Chosen values by facet; a facet without an entry lets everything through. */
export type FacetChoice = Readonly<Record<string, readonly string[]>>;

/** `state=running,error;user=a`: how a choice stands in the address. Values are percent-encoded, so any name is safe. */
export function facetText(choice: FacetChoice): string {
  return Object.entries(choice)
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => `${name}=${values.map(encodeURIComponent).join(',')}`)
    .join(';');
}

/** Reads {@link facetText}; what makes no sense is left out. */
export function parseFacets(text: string): FacetChoice {
  const choice: Record<string, string[]> = {};
  for (const part of text.split(';')) {
    const [name, values] = part.split('=', 2);
    if (name && values) choice[name] = values.split(',').map(decode).filter(Boolean);
  }
  return choice;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return ''; // a cut-off escape in a hand-edited address
  }
}

/** Values of a facet with how often each occurs, the most frequent first. A row may have several values. */
export function countValues<Row>(
  rows: readonly Row[],
  values: (row: Row) => readonly string[],
): FacetOption[] {
  const counts = new Map<string, number>();
  for (const row of rows)
    for (const value of new Set(values(row))) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || a.value.localeCompare(b.value));
}

/** Options shown at most; the filter box finds the rest. */
const optionsMax = 200;

/** Lists longer than this get a box to find in. */
const filterFrom = 8;

export interface FacetProps {
  name: string;
  options: readonly FacetOption[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

/** A button that opens a list of values to filter by. Several may be chosen. */
export function Facet(props: FacetProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  useCloseOutside(root, open, () => setOpen(false));
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key !== 'Escape' || !open) return;
    event.stopPropagation();
    setOpen(false);
    button.current?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: catches escape from the button and the list inside
    <div className={css.facet} ref={root} onKeyDown={onKeyDown}>
      <button
        ref={button}
        type="button"
        className={props.chosen.length > 0 ? `${css.button} ${css.active}` : css.button}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        {props.name}
        {props.chosen.length > 0 && (
          <span className={css.chosen}>
            {props.chosen.length === 1 ? props.chosen[0] || '(none)' : props.chosen.length}
          </span>
        )}
        <ChevronDown aria-hidden />
      </button>
      {open && <OptionList {...props} id={id} />}
    </div>
  );
}

function OptionList(props: FacetProps & { id: string }) {
  const [filter, setFilter] = useState('');
  const { chosen } = props;
  const toggle = (value: string) =>
    props.onChange(chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value]);
  const found = props.options.filter((option) => option.value.toLowerCase().includes(filter.toLowerCase()));
  return (
    // Focusable, because a press on a label would otherwise move the focus out to the page, which closes the list before the click.
    <div className={css.list} id={props.id} tabIndex={-1}>
      {props.options.length > filterFrom && (
        <input
          className={css.filter}
          aria-label={`Find a ${props.name.toLowerCase()}`}
          placeholder="Find"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
      )}
      <fieldset className={css.options}>
        <legend className="visually-hidden">{props.name}</legend>
        {found.slice(0, optionsMax).map((option) => (
          <label key={option.value} className={css.option}>
            <input
              type="checkbox"
              className="visually-hidden"
              checked={chosen.includes(option.value)}
              onChange={() => toggle(option.value)}
            />
            <span className={css.box} aria-hidden>
              <Check />
            </span>
            <span className={css.optionLabel}>{option.label ?? (option.value || '(none)')}</span>
            <span className={css.count}>{formatCompact(option.count)}</span>
          </label>
        ))}
        {found.length === 0 && <p className={css.none}>Nothing matches.</p>}
      </fieldset>
      {chosen.length > 0 && (
        <button type="button" className={css.clear} onClick={() => props.onChange([])}>
          Clear
        </button>
      )}
    </div>
  );
}

function useCloseOutside(root: { current: HTMLElement | null }, open: boolean, close: () => void): void {
  const latest = useRef(close);
  useEffect(() => {
    latest.current = close;
  });
  useEffect(() => {
    if (!open) return;
    const onPointer = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) latest.current();
    };
    document.addEventListener('pointerdown', onPointer);
    document.addEventListener('focusin', onPointer);
    return () => {
      document.removeEventListener('pointerdown', onPointer);
      document.removeEventListener('focusin', onPointer);
    };
  }, [open, root]);
}

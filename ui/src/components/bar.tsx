import { formatPercent } from '../lib/format.ts';
import css from './bar.module.css';

/** A thin bar behind or beside a number: its share of the largest one in the list. Decoration, the number says it. */
export function Bar(props: { value: number; max: number; colour?: string }) {
  const share = props.max > 0 ? Math.min(1, Math.max(0, props.value / props.max)) : 0;
  return (
    <span className={css.track} aria-hidden>
      <span
        className={css.fill}
        style={{ width: `${share * 100}%`, minWidth: props.value > 0 ? 2 : 0, background: props.colour }}
      />
    </span>
  );
}

export interface BarPart {
  label: string;
  value: number;
  /** A colour or CSS variable. */
  colour: string;
  /** What stands in the legend; the share is added. */
  text: string;
  title?: string;
}

/** Parts of a whole as one bar with a legend that says the same in words. Parts of nothing show an empty track. */
export function StackedBar(props: { label: string; parts: readonly BarPart[]; hideLegend?: boolean }) {
  const total = props.parts.reduce((sum, part) => sum + part.value, 0);
  const share = (part: BarPart) => (total > 0 ? part.value / total : 0);
  return (
    <div className={css.stacked}>
      <div className={css.parts} role="img" aria-label={describeParts(props.label, props.parts, share)}>
        {props.parts
          .filter((part) => part.value > 0)
          .map((part) => (
            <span
              key={part.label}
              className={css.part}
              title={`${part.label}: ${part.title ?? part.text} (${formatPercent(share(part))})`}
              style={{ flexGrow: share(part), background: part.colour }}
            />
          ))}
      </div>
      {!props.hideLegend && (
        <ul className={css.legend} aria-label={props.label}>
          {props.parts.map((part) => (
            <li key={part.label} title={part.title}>
              <span className={css.swatch} style={{ background: part.colour }} aria-hidden />
              <span className={css.partLabel}>{part.label}</span>
              <span className={css.partText}>{part.text}</span>
              <span className={css.partShare}>{formatPercent(share(part))}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function describeParts(label: string, parts: readonly BarPart[], share: (part: BarPart) => number): string {
  return `${label}: ${parts.map((part) => `${part.label} ${part.text}, ${formatPercent(share(part))}`).join('; ')}`;
}

import { ArrowDown, ArrowUp, Minus, Sparkle } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Delta } from '../lib/format.ts';
import { Sparkline } from './sparkline.tsx';
import css from './stat.module.css';
import { Skeleton } from './states.tsx';

const arrows: Record<Delta['direction'], ReactNode> = {
  up: <ArrowUp aria-hidden />,
  down: <ArrowDown aria-hidden />,
  same: <Minus aria-hidden />,
  new: <Sparkle aria-hidden />,
};

/** Characters from which a value is set smaller, so that it is never cut off. */
const longValue = 7;

/** Whether more of it is good news, bad news, or neither (spending more may mean working more). */
export type Better = 'more' | 'less' | 'neither';

function toneOf(delta: Delta, better: Better): string {
  if (better === 'neither' || delta.direction === 'same' || delta.direction === 'new') return css.neutral!;
  return (delta.direction === 'up') === (better === 'more') ? css.good! : css.worse!;
}

/** A figure with its name, how it moved against the range before (icon and words), and its course as a small line. */
export function Stat(props: {
  label: string;
  /** Null while the first answer is on its way: the geometry stays the same. */
  value: string | null;
  /** The exact value, on hover. */
  title?: string;
  /** A few words beside the label: `4 running`, `price missing`. */
  note?: ReactNode;
  delta?: Delta | null;
  better?: Better;
  /** What the delta compares with, for its title. */
  against?: string;
  values?: readonly (number | null)[];
  colour?: string;
}) {
  const { delta } = props;
  return (
    <div className={css.stat}>
      <dt className={css.label}>{props.label}</dt>
      <dd
        className={css.value}
        title={props.title}
        data-long={(props.value?.length ?? 0) > longValue || undefined}
      >
        {props.value === null ? <Skeleton width="60%" height="28px" /> : props.value}
      </dd>
      <dd className={css.foot}>
        {props.value === null && <Skeleton width="70%" height="12px" />}
        {props.value !== null && delta && (
          <span className={`${css.delta} ${toneOf(delta, props.better ?? 'neither')}`} title={props.against}>
            {arrows[delta.direction]}
            {delta.text}
          </span>
        )}
      </dd>
      {props.note != null && <dd className={css.note}>{props.note}</dd>}
      {props.values && (
        <dd className={css.spark}>
          <Sparkline values={props.values} colour={props.colour} />
        </dd>
      )}
    </div>
  );
}

/** Lays out {@link Stat}s; a definition list, because that is what names with figures are. */
export function StatGrid(props: { label: string; children: ReactNode }) {
  return (
    <dl className={css.grid} aria-label={props.label}>
      {props.children}
    </dl>
  );
}

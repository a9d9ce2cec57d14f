import { type ReactNode, useId } from 'react';
import css from './panel.module.css';

/** A titled region of a page. The title is a heading, so a page can be walked by its headings. */
export function Panel(props: {
  title: string;
  /** Beside the title, quiet: a count, a unit, a range. */
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** Content reaches the edges: tables and lists bring their own padding. */
  flush?: boolean;
  className?: string;
  /** Accessible name, where several panels share a title. */
  label?: string;
}) {
  const id = useId();
  return (
    <section
      className={[css.panel, props.className].filter(Boolean).join(' ')}
      aria-labelledby={props.label ? undefined : id}
      aria-label={props.label}
    >
      <header className={css.header}>
        <h2 id={id} className={css.title}>
          {props.title}
        </h2>
        {props.note != null && <span className={css.note}>{props.note}</span>}
        {props.actions != null && <div className={css.actions}>{props.actions}</div>}
      </header>
      <div className={props.flush ? css.flush : css.body}>{props.children}</div>
    </section>
  );
}

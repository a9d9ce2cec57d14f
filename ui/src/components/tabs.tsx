import { type KeyboardEvent, type ReactNode, useId, useRef } from 'react';
import css from './tabs.module.css';

export interface Tab<Id extends string> {
  id: Id;
  label: string;
  /** A count beside the label. */
  badge?: string;
}

/**
 * Tabs with the keyboard people expect: one stop for tab, arrows, home and end move. Which one is open belongs to the caller,
 * who keeps it in the address.
 */
export function Tabs<Id extends string>(props: {
  label: string;
  tabs: readonly Tab<Id>[];
  value: Id;
  onChange: (id: Id) => void;
  children: ReactNode;
}) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const next = nextTab(event.key, props.tabs, props.value);
    if (!next) return;
    event.preventDefault();
    props.onChange(next);
    list.current?.querySelector<HTMLElement>(`[data-tab="${next}"]`)?.focus();
  };
  return (
    <>
      <div className={css.list} role="tablist" aria-label={props.label} ref={list} onKeyDown={onKeyDown}>
        {props.tabs.map((tab) => {
          const selected = tab.id === props.value;
          return (
            <button
              key={tab.id}
              type="button"
              role="tab"
              id={`${id}-${tab.id}`}
              data-tab={tab.id}
              aria-selected={selected}
              aria-controls={selected ? `${id}-panel` : undefined}
              tabIndex={selected ? 0 : -1}
              className={css.tab}
              onClick={() => props.onChange(tab.id)}
            >
              {tab.label}
              {tab.badge != null && <span className={css.badge}>{tab.badge}</span>}
            </button>
          );
        })}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${props.value}`} className={css.panel}>
        {props.children}
      </div>
    </>
  );
}

function nextTab<Id extends string>(key: string, tabs: readonly Tab<Id>[], value: Id): Id | null {
  const at = tabs.findIndex((tab) => tab.id === value);
  const to =
    key === 'ArrowRight'
      ? at + 1
      : key === 'ArrowLeft'
        ? at - 1
        : key === 'Home'
          ? 0
          : key === 'End'
            ? -1
            : null;
  return to === null ? null : (tabs.at(to % tabs.length)?.id ?? null);
}

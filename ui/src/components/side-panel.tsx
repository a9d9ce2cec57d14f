import { ChevronDown, ChevronUp, Maximize2, X } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef } from 'react';
import { Button } from './button.tsx';
import css from './side-panel.module.css';

const focusable = 'a[href], button:not(:disabled), input, select, textarea, [tabindex="0"]';

export interface SidePanelProps {
  title: string;
  subtitle?: ReactNode;
  onClose: () => void;
  /** Moves by one in the list; absent at its end. */
  onNext?: () => void;
  onPrevious?: () => void;
  onOpen?: () => void;
  openLabel?: string;
  /** Changes with what is shown, so that the panel starts at the top again. */
  contentKey: string;
  children: ReactNode;
}

/**
 * Details beside the list they belong to. Esc closes it and gives the focus back, `j` and `k` or the arrows step through the list,
 * `o` opens the full page. On a phone it covers the screen and keeps the focus inside.
 */
export function SidePanel(props: SidePanelProps) {
  const id = useId();
  const panel = useRef<HTMLElement>(null);
  const body = useRef<HTMLDivElement>(null);
  useFocusReturn(panel);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when the content is another one
  useEffect(() => {
    if (body.current) body.current.scrollTop = 0;
  }, [props.contentKey]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (keepFocusInside(event, panel.current)) return;
    const act = keyAction(event, props);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  return (
    <aside
      ref={panel}
      className={css.panel}
      aria-labelledby={id}
      tabIndex={-1}
      onKeyDown={onKeyDown}
      data-side-panel=""
    >
      <header className={css.header}>
        <div className={css.titles}>
          <h2 id={id} className={css.title} title={props.title}>
            {props.title}
          </h2>
          {props.subtitle && <div className={css.subtitle}>{props.subtitle}</div>}
        </div>
        <PanelButtons {...props} />
      </header>
      <div className={css.body} ref={body}>
        {props.children}
      </div>
    </aside>
  );
}

function PanelButtons(props: SidePanelProps) {
  return (
    <div className={css.buttons}>
      <Button
        variant="quiet"
        aria-label="Previous (k)"
        icon={<ChevronUp aria-hidden />}
        disabled={!props.onPrevious}
        onClick={props.onPrevious}
      />
      <Button
        variant="quiet"
        aria-label="Next (j)"
        icon={<ChevronDown aria-hidden />}
        disabled={!props.onNext}
        onClick={props.onNext}
      />
      {props.onOpen && (
        <Button
          variant="quiet"
          aria-label={`${props.openLabel ?? 'Open full page'} (o)`}
          icon={<Maximize2 aria-hidden />}
          onClick={props.onOpen}
        />
      )}
      <Button variant="quiet" aria-label="Close (Esc)" icon={<X aria-hidden />} onClick={props.onClose} />
    </div>
  );
}

/** Focus goes into the panel when it opens, and back to where it came from when it closes. */
function useFocusReturn(panel: { current: HTMLElement | null }): void {
  useEffect(() => {
    const before = document.activeElement;
    panel.current?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, [panel]);
}

function coversScreen(): boolean {
  return globalThis.matchMedia?.('(max-width: 760px)').matches ?? false;
}

function keepFocusInside(event: KeyboardEvent, panel: HTMLElement | null): boolean {
  if (event.key !== 'Tab' || !panel || !coversScreen()) return false;
  const stops = [...panel.querySelectorAll<HTMLElement>(focusable)];
  const edge = event.shiftKey ? stops[0] : stops.at(-1);
  if (document.activeElement !== edge && document.activeElement !== panel) return false;
  event.preventDefault();
  (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
  return true;
}

function keyAction(
  event: KeyboardEvent,
  actions: { onClose: () => void; onNext?: () => void; onPrevious?: () => void; onOpen?: () => void },
): (() => void) | null {
  if (event.metaKey || event.ctrlKey || event.altKey) return null;
  if (event.key === 'Escape') return actions.onClose;
  const target = event.target as HTMLElement;
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return null;
  if (event.key === 'j' || event.key === 'ArrowDown') return actions.onNext ?? null;
  if (event.key === 'k' || event.key === 'ArrowUp') return actions.onPrevious ?? null;
  if (event.key === 'o') return actions.onOpen ?? null;
  return null;
}

/** Name and value pairs of a side panel, the value selectable and never cut off. */
export function Facts(props: {
  facts: readonly { name: string; value: ReactNode; mono?: boolean; title?: string }[];
}) {
  return (
    <dl className={css.facts}>
      {props.facts.map((fact) => (
        <div key={fact.name} className={css.fact}>
          <dt title={fact.name}>{fact.name}</dt>
          <dd className={fact.mono ? 'mono' : undefined} title={fact.title}>
            {fact.value}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A titled part of a side panel. */
export function SideSection(props: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className={css.section}>
      <div className={css.sectionHead}>
        <h3>{props.title}</h3>
        {props.actions}
      </div>
      {props.children}
    </section>
  );
}

import { X } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef } from 'react';
import css from './modal.module.css';

/**
 * A modal layer on the browser's own `<dialog>`: focus stays inside, Esc closes, focus returns to where it was, the rest is inert.
 * Rendered only while it is open.
 */
export function Modal(props: {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** The palette brings its own input instead of a header. */
  bare?: boolean;
  className?: string;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    if (element === null) return;
    const before = document.activeElement;
    element.showModal();
    // The browser takes the first thing that can have the focus, which in the palette is only a container.
    element.querySelector<HTMLElement>('[data-autofocus]')?.focus();
    return () => {
      element.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click on the backdrop is an extra; Esc and the button close it too
    <dialog
      ref={dialog}
      data-modal=""
      className={[css.modal, props.className].filter(Boolean).join(' ')}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) props.onClose();
      }}
    >
      <div className={css.inner}>
        {props.bare ? (
          <h2 id={id} className="visually-hidden">
            {props.title}
          </h2>
        ) : (
          <header className={css.header}>
            <h2 id={id}>{props.title}</h2>
            <button type="button" className={css.close} onClick={props.onClose} aria-label="Close">
              <X aria-hidden />
            </button>
          </header>
        )}
        {props.children}
      </div>
    </dialog>
  );
}

import { Check, CircleAlert } from 'lucide-react';
import { createStore, useStore } from '../lib/external-store.ts';
import css from './toasts.module.css';

interface Toast {
  id: number;
  text: string;
  kind: 'ok' | 'bad';
}

/** More at once would cover the page; the oldest goes. */
const mostToasts = 3;
const shownMs = 4000;
const toasts = createStore<readonly Toast[]>([]);
let lastId = 0;

/** Says for a moment what just happened. Not for things that must be read. */
export function notify(text: string, kind: Toast['kind'] = 'ok'): void {
  lastId += 1;
  const id = lastId;
  toasts.set([...toasts.get(), { id, text, kind }].slice(-mostToasts));
  setTimeout(() => toasts.set(toasts.get().filter((one) => one.id !== id)), shownMs);
}

/** Copies and says so. Without a clipboard (plain http on another host) it shows the text to copy by hand. */
export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notify(`${what} copied`);
  } catch {
    window.prompt(`This browser allows no copying here. ${what}:`, text);
  }
}

export function Toasts() {
  const list = useStore(toasts);
  return (
    <div className={css.region} role="status" aria-live="polite">
      {list.map((toast) => (
        <div key={toast.id} className={css.toast} data-kind={toast.kind}>
          {toast.kind === 'ok' ? <Check aria-hidden /> : <CircleAlert aria-hidden />}
          {toast.text}
        </div>
      ))}
    </div>
  );
}

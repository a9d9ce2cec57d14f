import { createStore, useStore } from '../lib/external-store.ts';

/** What lies over the page. At most one thing at a time. */
export type Overlay = 'palette' | 'shortcuts' | 'time' | 'refresh' | null;

const overlay = createStore<Overlay>(null);

export const openOverlay = (which: Overlay): void => overlay.set(which);
export const toggleOverlay = (which: Overlay): void => overlay.set(overlay.get() === which ? null : which);
export const useOverlay = (): Overlay => useStore(overlay);
/** For Radix' `onOpenChange`. */
export const setOverlay = (which: Overlay, isOpen: boolean): void => {
  if (isOpen) overlay.set(which);
  else if (overlay.get() === which) overlay.set(null);
};

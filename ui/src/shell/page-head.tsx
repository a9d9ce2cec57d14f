import { type ReactNode, useLayoutEffect } from 'react';
import { createPortal } from 'react-dom';
import { createStore, useStore } from '../lib/external-store.ts';

export interface Crumb {
  label: string;
  to: string;
}

export interface PageHeadFields {
  /** The page's only h1, and the window's title. */
  title: string;
  /** What stands before the title, outermost first. */
  crumbs?: readonly Crumb[];
  /** In the window's title before the name: `2` gives "(2) Alerts". For things that want a person now. */
  attention?: number;
}

const fieldsStore = createStore<PageHeadFields | null>(null);
const slotStore = createStore<HTMLElement | null>(null);
const actionStore = createStore<HTMLElement | null>(null);

/**
 * A page's part of the top bar; every page renders it once, anywhere. `children` (the page's filters) appear in the bar beside the
 * title, on a phone below it; `actions` at the right, before the time picker. Give the main filter input `data-page-filter`: the key `/`
 * focuses it.
 *
 * @example <PageHead title="Agents"><SearchBox data-page-filter /></PageHead>
 */
export function PageHead(props: PageHeadFields & { children?: ReactNode; actions?: ReactNode }) {
  const { title, crumbs, attention } = props;
  const slot = useStore(slotStore);
  const actionSlot = useStore(actionStore);
  const crumbText = JSON.stringify(crumbs ?? []);
  // A layout effect, so that the title of the page before is never painted over this one's content.
  useLayoutEffect(() => {
    const fields: PageHeadFields = { title, crumbs: JSON.parse(crumbText) as Crumb[], attention };
    fieldsStore.set(fields);
    return () => {
      if (fieldsStore.get() === fields) fieldsStore.set(null);
    };
  }, [title, crumbText, attention]);
  return (
    <>
      {slot !== null && props.children != null && createPortal(props.children, slot)}
      {actionSlot !== null && props.actions != null && createPortal(props.actions, actionSlot)}
    </>
  );
}

/** What the page on screen says about itself; null while it loads. For the shell. */
export function usePageHead(): PageHeadFields | null {
  return useStore(fieldsStore);
}

/** Where the portals lead; for the top bar. */
export const setFilterSlot = (element: HTMLElement | null): void => slotStore.set(element);
export const setActionSlot = (element: HTMLElement | null): void => actionStore.set(element);

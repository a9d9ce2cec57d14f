import { type RefObject, useLayoutEffect, useState } from 'react';

type Listener = (widthPx: number, heightPx: number) => void;

const listeners = new Map<Element, Listener>();
let observer: ResizeObserver | undefined;

/** Tells about the content size of an element, at once and after every change, through one observer for the whole page. */
export function observeSize(element: Element, listener: Listener): () => void {
  listeners.set(element, listener);
  observer ??= new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries)
      listeners.get(target)?.(contentRect.width, contentRect.height);
  });
  observer.observe(element);
  return () => {
    listeners.delete(element);
    observer?.unobserve(element);
  };
}

/** Content width of an element in pixels; 0 until it is known. */
export function useWidth(element: RefObject<Element | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    if (!element.current) return;
    setWidth(element.current.clientWidth);
    return observeSize(element.current, (widthPx) => setWidth(Math.round(widthPx)));
  }, [element]);
  return width;
}

import { useRef } from 'react';

/** The list of the render before while it holds the very same things, so that what is computed from it need not be computed anew. */
export function useStable<T>(list: readonly T[]): readonly T[] {
  const before = useRef(list);
  const isSame = before.current.length === list.length && list.every((one, at) => one === before.current[at]);
  if (!isSame) before.current = list;
  return before.current;
}

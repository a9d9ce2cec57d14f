import { useCallback, useState } from 'react';
import type { SessionTree } from './session-tree.ts';

/** Sessions with more steps open with their prompts folded, so that the first screen shows the whole of it. */
const unfoldedMax = 400;

export interface Folding {
  isCollapsed: (id: string) => boolean;
  toggle: (id: string) => void;
  open: (ids: readonly string[]) => void;
  setBase: (base: 'auto' | 'open' | 'closed') => void;
}

/** Which nodes are folded: a base for all, and the ones a person switched. Steps that arrive later follow the base. */
export function useFolding(tree: SessionTree): Folding {
  const [base, setBaseState] = useState<'auto' | 'open' | 'closed'>('auto');
  const [switched, setSwitched] = useState<ReadonlySet<string>>(new Set());
  const isLarge = tree.ordered.length > unfoldedMax;
  const closed = base === 'closed' || (base === 'auto' && isLarge);
  const isCollapsed = useCallback((id: string) => closed !== switched.has(id), [closed, switched]);
  return {
    isCollapsed,
    toggle: (id) => {
      const next = new Set(switched);
      if (!next.delete(id)) next.add(id);
      setSwitched(next);
    },
    open: (ids) => {
      const shut = ids.filter(isCollapsed);
      if (shut.length === 0) return;
      const next = new Set(switched);
      for (const id of shut) if (!next.delete(id)) next.add(id);
      setSwitched(next);
    },
    setBase: (next) => {
      setBaseState(next);
      setSwitched(new Set());
    },
  };
}

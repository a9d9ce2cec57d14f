import { type FocusEvent, type KeyboardEvent, type RefObject, useEffect, useRef, useState } from 'react';
import type { Folding } from './folding.ts';
import type { TimelineNode, TreeRow } from './session-tree.ts';

/** What the keys act on. */
export interface TreeActions {
  rows: readonly TreeRow[];
  folding: Folding;
  onSelect: (id: string) => void;
  onZoom: (node: TimelineNode) => void;
  scroller: RefObject<HTMLElement | null>;
  scrollTo: (index: number) => void;
}

/** The keys of a tree: up and down walk, right unfolds, left folds or goes to what holds it, enter selects. */
export function useTreeKeyboard(props: TreeActions) {
  const [chosen, setActive] = useState(0);
  const active = Math.min(chosen, Math.max(0, props.rows.length - 1));
  const wantsFocus = useRef(-1);
  useEffect(() => {
    if (wantsFocus.current < 0) return;
    const row = props.scroller.current?.querySelector<HTMLElement>(
      `[role="row"][data-index="${wantsFocus.current}"]`,
    );
    if (!row) return;
    wantsFocus.current = -1;
    row.focus({ preventScroll: true });
  });
  const moveTo = (index: number) => {
    const to = Math.max(0, Math.min(props.rows.length - 1, index));
    wantsFocus.current = to;
    setActive(to);
    props.scrollTo(to);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    if (!actOnKey(event.key, active, props, moveTo)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onFocus = (event: FocusEvent) => {
    const index = Number((event.target as HTMLElement).dataset.index);
    if (Number.isInteger(index)) setActive(index);
  };
  return { active, onKeyDown, onFocus };
}

function actOnKey(key: string, active: number, props: TreeActions, moveTo: (index: number) => void): boolean {
  const row = props.rows[active];
  const moves: Record<string, number> = {
    ArrowDown: active + 1,
    j: active + 1,
    ArrowUp: active - 1,
    k: active - 1,
    PageDown: active + 15,
    PageUp: active - 15,
    Home: 0,
    End: props.rows.length - 1,
  };
  const to = moves[key];
  if (to !== undefined) {
    moveTo(to);
    return true;
  }
  if (row?.type !== 'node') return false;
  const holds = row.node.children.length > 0;
  if (key === 'Enter' || key === ' ') props.onSelect(row.node.id);
  else if (key === 'ArrowRight' && holds)
    row.collapsed ? props.folding.toggle(row.node.id) : moveTo(active + 1);
  else if (key === 'ArrowLeft' && holds && !row.collapsed) props.folding.toggle(row.node.id);
  else if (key === 'ArrowLeft') moveTo(parentIndex(props.rows, active, row.depth));
  else if (key === 'z') props.onZoom(row.node);
  else return false;
  return true;
}

function parentIndex(rows: readonly TreeRow[], from: number, depth: number): number {
  for (let at = from - 1; at >= 0; at--) {
    const row = rows[at]!;
    if (row.type === 'node' && row.depth < depth) return at;
  }
  return from;
}

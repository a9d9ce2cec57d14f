import type { TimelineKind } from '@contract';
import { ChevronsDownUp, ChevronsUpDown, ZoomIn, ZoomOut } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { Button, Segmented } from '../button.tsx';
import { type Folding, useFolding } from './folding.ts';
import type { HeatBy } from './heat.ts';
import { MiniMap } from './mini-map.tsx';
import { ancestorsOf, flatten, type SessionTree } from './session-tree.ts';
import { createScale, panView, type TimeScale, type View, wholeView, zoomView } from './time-scale.ts';
import css from './waterfall.module.css';
import { WaterfallRows } from './waterfall-rows.tsx';

export interface WaterfallProps {
  tree: SessionTree;
  selected: string;
  onSelect: (id: string) => void;
  heatBy: HeatBy;
  onHeatBy: (by: HeatBy) => void;
  hidden: ReadonlySet<TimelineKind>;
  onHidden: (hidden: ReadonlySet<TimelineKind>) => void;
  timeZone?: string;
}

/** What happened in a session and when: an overview to zoom with, and below it a tree whose rows carry bars over time. */
export function Waterfall(props: WaterfallProps) {
  const { tree, hidden } = props;
  const timeZone = props.timeZone ?? 'browser';
  const [folded, setFolded] = useState(true);
  const [view, setView] = useState<View>(wholeView);
  // The part picked last by dragging; the rows go there, whichever rows were in view before.
  const [picked, setPicked] = useState<View | null>(null);
  const folding = useFolding(tree);
  const scale = useMemo(
    () => createScale({ startMs: tree.startMs, endMs: tree.endMs, gaps: tree.gaps, folded }),
    [tree, folded],
  );
  const rows = useMemo(() => flatten(tree, folding.isCollapsed, hidden), [tree, folding.isCollapsed, hidden]);
  useReveal({ ...props, scale, view, setView, folding });
  return (
    <div className={css.waterfall}>
      <Toolbar
        {...props}
        folded={folded}
        onFolded={setFolded}
        view={view}
        onView={setView}
        setBase={folding.setBase}
      />
      <MiniMap
        tree={tree}
        scale={scale}
        view={view}
        onView={setView}
        onPick={(picked) => setPicked({ ...picked })}
        hidden={hidden}
        onHidden={props.onHidden}
        timeZone={timeZone}
      />
      <WaterfallRows
        {...props}
        timeZone={timeZone}
        rows={rows}
        scale={scale}
        view={view}
        onView={setView}
        folded={folded}
        folding={folding}
        picked={picked}
      />
    </div>
  );
}

function Toolbar(
  props: Pick<WaterfallProps, 'tree' | 'heatBy' | 'onHeatBy'> & {
    folded: boolean;
    onFolded: (folded: boolean) => void;
    view: View;
    onView: (view: View) => void;
    setBase: Folding['setBase'];
  },
) {
  const { folded, view, onView } = props;
  const isZoomed = view.to - view.from < 0.9999;
  return (
    <div className={css.toolbar}>
      <Segmented
        label="Colour of the bars"
        value={props.heatBy}
        onChange={props.onHeatBy}
        options={[
          { value: 'kind', label: 'Kind', title: 'Colour by kind of step' },
          { value: 'cost', label: 'Cost', title: 'The dearer, the hotter' },
          { value: 'duration', label: 'Duration', title: 'The longer, the hotter' },
        ]}
      />
      {props.tree.gaps.length > 0 && (
        <Button
          pressed={folded}
          onClick={() => props.onFolded(!folded)}
          title="Draw quiet stretches of 30 seconds and more as narrow bands"
        >
          Fold gaps
        </Button>
      )}
      <span className={css.spring} />
      <Button
        variant="quiet"
        icon={<ChevronsUpDown aria-hidden />}
        aria-label="Expand all"
        onClick={() => props.setBase('open')}
      />
      <Button
        variant="quiet"
        icon={<ChevronsDownUp aria-hidden />}
        aria-label="Collapse all"
        onClick={() => props.setBase('closed')}
      />
      <Button
        variant="quiet"
        icon={<ZoomIn aria-hidden />}
        aria-label="Zoom in"
        onClick={() => onView(zoomView(view, 0.5))}
      />
      <Button
        variant="quiet"
        icon={<ZoomOut aria-hidden />}
        aria-label="Zoom out"
        disabled={!isZoomed}
        onClick={() => onView(zoomView(view, 2))}
      />
      {isZoomed && (
        <Button variant="quiet" onClick={() => onView(wholeView)}>
          Whole session
        </Button>
      )}
    </div>
  );
}

/** Brings a newly selected step into the view: unfolds what holds it and moves the zoomed part of the time to it. */
function useReveal(
  options: WaterfallProps & {
    scale: TimeScale;
    view: View;
    setView: (view: View) => void;
    folding: Folding;
  },
): void {
  const { tree, selected, scale, view, setView, folding } = options;
  // biome-ignore lint/correctness/useExhaustiveDependencies: acts when the selection changes, not when the view does
  useEffect(() => {
    const node = tree.byId.get(selected);
    if (!node) return;
    folding.open(ancestorsOf(tree, selected));
    const from = scale.toUnit(node.startMs);
    const to = scale.toUnit(node.endMs);
    if (to >= view.from && from <= view.to) return;
    setView(panView(view, ((from + to) / 2 - (view.from + view.to) / 2) / (view.to - view.from)));
  }, [selected]);
}

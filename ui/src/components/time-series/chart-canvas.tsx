import { type RefObject, useEffect, useImperativeHandle, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { observeSize } from '../use-size.ts';
import { type ChartSetup, chartOptions, drawOrder } from './chart-options.ts';
import { type ChartTheme, onThemeChange, readTheme } from './chart-theme.ts';
import css from './time-series.module.css';

/** What the panel may ask of the drawing. */
export interface ChartHandle {
  /** Puts the crosshair on a point; null takes it away. */
  moveCursor: (index: number | null) => void;
}

/** Owns one uPlot: makes it when it comes near the screen, feeds it, follows size and theme, and takes it down. */
export function ChartCanvas(
  props: Omit<ChartSetup, 'theme'> & { height: number; handle: RefObject<ChartHandle | null> },
) {
  const holder = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const theme = useRef<ChartTheme | null>(null);
  // Callbacks are reached through a reference, so that a new closure does not mean a new chart.
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const near = useNearScreen(holder);
  const shape = shapeOf(props);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for everything the options are made of
  useEffect(() => {
    const element = holder.current;
    if (!element || !near) return;
    const setup: ChartSetup = {
      ...latest.current,
      get model() {
        return latest.current.model;
      },
      get rangeMs() {
        return latest.current.rangeMs;
      },
      theme: () => (theme.current ??= readTheme()),
      onCursor: (index, leftPx) => latest.current.onCursor(index, leftPx),
      onPlot: (plot) => latest.current.onPlot?.(plot),
      onSelectRange:
        latest.current.onSelectRange && ((fromMs, toMs) => latest.current.onSelectRange?.(fromMs, toMs)),
    };
    const size = { width: Math.max(50, element.clientWidth), height: latest.current.height };
    const made = new uPlot(chartOptions(setup, size), drawOrder(latest.current.model), element);
    chart.current = made;
    const stopSize = observeSize(element, (width) => {
      if (width > 0 && Math.round(width) !== made.width)
        made.setSize({ width: Math.round(width), height: made.height });
    });
    const stopTheme = onThemeChange(() => {
      theme.current = null;
      made.redraw(true, true);
    });
    return () => {
      stopTheme();
      stopSize();
      made.destroy();
      chart.current = null;
    };
  }, [near, shape]);

  const { model } = props;
  const drawn = useRef(model);
  useEffect(() => {
    if (drawn.current === model) return;
    drawn.current = model;
    chart.current?.setData(drawOrder(model));
  }, [model]);

  useImperativeHandle(props.handle, () => ({
    moveCursor(index) {
      const made = chart.current;
      if (!made) return;
      const atMs = index === null ? undefined : latest.current.model.times[index];
      made.setCursor({ left: atMs === undefined ? -10 : made.valToPos(atMs, 'x') + 0.5, top: 8 });
    },
  }));
  return <div ref={holder} className={css.canvas} style={{ height: props.height }} />;
}

/** Changes when the chart has to be built anew; new values of the same series do not count. */
function shapeOf(props: Omit<ChartSetup, 'theme'> & { height: number }): string {
  const { model } = props;
  return JSON.stringify([
    model.kind,
    model.stacked,
    model.labels,
    model.colours,
    props.thresholds,
    props.annotations,
    props.timeZone,
    props.syncKey,
    props.height,
    props.onSelectRange === undefined,
    // Bars are as wide as their step.
    model.kind === 'bars' ? (model.times[1] ?? 0) - (model.times[0] ?? 0) : 0,
  ]);
}

/** True from the first time the element is within a screen's reach; charts far below are not drawn at all. */
function useNearScreen(element: RefObject<Element | null>): boolean {
  const [near, setNear] = useState(typeof IntersectionObserver === 'undefined');
  useEffect(() => {
    if (near || !element.current) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setNear(true);
      },
      { rootMargin: '400px' },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [near, element]);
  return near;
}

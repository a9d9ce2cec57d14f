import { cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { fakeLayout } from '../fake-layout.ts';
import { TimeSeriesPanel, type TimeSeriesPanelProps } from './time-series-panel.tsx';

const charts = vi.hoisted(() => ({
  made: [] as { options: Record<string, unknown>; data: unknown[]; destroyed: boolean; sets: unknown[] }[],
}));

// The drawing needs a canvas; what it is given, and that it is taken down again, is what counts here.
vi.mock('uplot', () => {
  class FakePlot {
    static paths = { bars: () => () => null };
    static rangeNum = (min: number, max: number) => [min, max];
    width = 1000;
    height = 200;
    over = document.createElement('div');
    record: (typeof charts.made)[number];
    constructor(options: Record<string, unknown>, data: unknown[]) {
      this.record = { options, data, destroyed: false, sets: [] };
      charts.made.push(this.record);
    }
    setData(data: unknown) {
      this.record.sets.push(data);
    }
    setSize() {}
    setCursor() {}
    redraw() {}
    valToPos() {
      return 10;
    }
    destroy() {
      this.record.destroyed = true;
    }
  }
  return { default: FakePlot };
});
vi.mock('uplot/dist/uPlot.min.css', () => ({}));

const start = Date.UTC(2026, 10, 20, 14);
const data = {
  times: [0, 1, 2].map((hour) => start + hour * 3_600_000),
  series: [
    { label: 'opus', values: [1, 2, null] },
    { label: 'haiku', values: [3, 4, 5] },
  ],
};
const base: TimeSeriesPanelProps = { title: 'Spend', data, format: (value) => `$${value}`, timeZone: 'UTC' };

let restore: () => void;
beforeEach(() => {
  charts.made.length = 0;
  restore = fakeLayout({ width: 1000, height: 300 });
  vi.stubGlobal('IntersectionObserver', undefined);
});
afterEach(() => {
  cleanup();
  restore();
  vi.unstubAllGlobals();
});

it('describes the chart in a sentence', () => {
  render(<TimeSeriesPanel {...base} />);
  const label = screen.getByRole('img').getAttribute('aria-label');
  expect(label).toContain('Spend, from 2026-11-20 14:00:00 UTC to 2026-11-20 16:00:00 UTC.');
  expect(label).toContain('haiku: lowest $3, highest $5');
});

it('stacks in the data, the top first so that the lower ones are painted over it', () => {
  render(<TimeSeriesPanel {...base} stacked kind="bars" />);
  expect(charts.made[0]?.data).toEqual([data.times, [4, 6, 5], [1, 2, 0]]);
});

it('feeds new values to the same chart and takes it down at the end', () => {
  const { rerender, unmount } = render(<TimeSeriesPanel {...base} />);
  const next = { ...data, series: data.series.map((one) => ({ ...one, values: [7, 8, 9] })) };
  rerender(<TimeSeriesPanel {...base} data={next} range={{ fromMs: start, toMs: start + 1 }} />);
  expect(charts.made).toHaveLength(1);
  expect(charts.made[0]?.sets).toEqual([[data.times, [7, 8, 9], [7, 8, 9]]]);
  unmount();
  expect(charts.made[0]?.destroyed).toBe(true);
});

it('hides and shows a series, and shows one alone with shift', () => {
  render(<TimeSeriesPanel {...base} />);
  const drawn = () => charts.made.at(-1)!.data.length - 1;
  fireEvent.click(screen.getByRole('button', { name: /^opus/ }));
  expect(drawn()).toBe(1);
  expect(screen.getByRole('button', { name: /^opus/ }).getAttribute('aria-pressed')).toBe('false');
  fireEvent.click(screen.getByRole('button', { name: /^opus/ }), { shiftKey: true });
  expect(screen.getByRole('button', { name: /^haiku/ }).getAttribute('aria-pressed')).toBe('false');
  fireEvent.click(screen.getByRole('button', { name: /^opus/ }), { shiftKey: true });
  expect(drawn()).toBe(2);
});

it('reads point by point with the keyboard', () => {
  render(<TimeSeriesPanel {...base} />);
  const chart = screen.getByRole('img');
  const said = () => screen.getByRole('status').textContent;
  fireEvent.keyDown(chart, { key: 'Home' });
  expect(said()).toBe('opus: $1 at 2026-11-20 14:00:00 UTC');
  fireEvent.keyDown(chart, { key: 'ArrowRight', shiftKey: true });
  expect(said()).toBe('opus: no value at 2026-11-20 16:00:00 UTC; nearest $2');
  fireEvent.keyDown(chart, { key: 'ArrowDown' });
  expect(said()).toBe('haiku: $5 at 2026-11-20 16:00:00 UTC');
  fireEvent.blur(chart);
  expect(said()).toBe('');
});

it('shows the same numbers as a table', () => {
  render(<TimeSeriesPanel {...base} />);
  fireEvent.click(screen.getByRole('button', { name: 'View as table' }));
  const rows = within(screen.getByRole('table')).getAllByRole('row');
  expect(rows.map((row) => row.textContent)).toEqual([
    'Timeopushaiku',
    '2026-11-20 16:00:00 UTC–$5',
    '2026-11-20 15:00:00 UTC$2$4',
    '2026-11-20 14:00:00 UTC$1$3',
  ]);
});

it('keeps old data while loading and when a refresh fails, and shows the error only when there is none', () => {
  const { rerender } = render(<TimeSeriesPanel {...base} loading error={new Error('late')} />);
  expect(screen.queryByRole('img')).not.toBeNull();
  rerender(<TimeSeriesPanel {...base} data={undefined} error={new Error('The store is not there.')} />);
  expect(screen.getByRole('alert').textContent).toContain('The store is not there.');
});

it('says so when there is nothing to draw', () => {
  render(
    <TimeSeriesPanel
      {...base}
      data={{ times: [start], series: [{ label: 'a', values: [null] }] }}
      empty="No spending."
    />,
  );
  expect(screen.getByText('No spending.')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Download CSV' })).toBeNull();
});

it('tells the range that was dragged', () => {
  const onSelectRange = vi.fn();
  render(<TimeSeriesPanel {...base} onSelectRange={onSelectRange} />);
  const hooks = charts.made[0]!.options.hooks as { setSelect: ((chart: unknown) => void)[] };
  const setSelect = vi.fn();
  hooks.setSelect[0]!({
    select: { left: 10, width: 20 },
    posToVal: (left: number) => start + left * 1000,
    setSelect,
  });
  expect(onSelectRange).toHaveBeenCalledWith(start + 10_000, start + 30_000);
  expect(setSelect).toHaveBeenCalled();
});

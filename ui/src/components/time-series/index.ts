/** Charts over time. A door of its own, so that pages without a chart do not load the drawing library. */
export type { ChartData, ChartSeries } from './chart-data.ts';
export type { Annotation, ChartKind, PlotBox, Threshold } from './chart-options.ts';
export { cssColour, seriesColour } from './chart-theme.ts';
export {
  download,
  type LegendControls,
  TimeSeriesPanel,
  type TimeSeriesPanelProps,
} from './time-series-panel.tsx';

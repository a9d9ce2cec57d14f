/** Charts over time. A door of its own, so that pages without a chart do not load the drawing library. */
export type { ChartData, ChartSeries } from './chart-data.ts';
export type { Annotation, ChartKind, Threshold } from './chart-options.ts';
export { cssColour, seriesColour } from './chart-theme.ts';
export { TimeSeriesPanel, type TimeSeriesPanelProps } from './time-series-panel.tsx';

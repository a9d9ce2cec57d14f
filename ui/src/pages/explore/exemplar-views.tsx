import { useRouter } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { useMemo } from 'react';
import { Button, CopyButton, Facts, useShownZone } from '../../components/index.ts';
import { type TableColumn, VirtualTable } from '../../components/table/index.ts';
import type { PlotBox } from '../../components/time-series/index.ts';
import { formatAbsolute, plural } from '../../lib/format.ts';
import { type Exemplar, mostDots, thinned } from './exemplars.ts';
import { seriesText } from './series-text.ts';
import { formatValue } from './value-text.ts';
import css from './views.module.css';

/** Room of a dot on the axis; with less they run together. */
const dotPx = 8;

/** Dots over the plot. For the mouse; the list below has the same for the keyboard. */
export function ExemplarDots(props: {
  exemplars: readonly Exemplar[];
  plot: PlotBox;
  picked: Exemplar | null;
  onPick: (exemplar: Exemplar) => void;
}) {
  const { plot } = props;
  const zone = useShownZone();
  const { exemplars } = props;
  const most = Math.min(mostDots, Math.max(1, Math.floor(plot.widthPx / dotPx)));
  const inRange = useMemo(() => {
    const visible = exemplars.filter(({ atMs }) => atMs >= plot.fromMs && atMs <= plot.toMs);
    return thinned(visible, most);
  }, [exemplars, plot.fromMs, plot.toMs, most]);
  return (
    <div className={css.dots} aria-hidden>
      {inRange.map((one) => {
        const { left, top, isOutside } = placeOf(one, plot);
        return (
          <button
            key={one.key}
            type="button"
            tabIndex={-1}
            className={css.dot}
            data-outside={isOutside || undefined}
            data-picked={one.key === props.picked?.key || undefined}
            style={{ left, top }}
            title={`Exemplar ${formatValue(one.value)} at ${formatAbsolute(one.atMs, zone)}${one.traceId && `\ntrace ${one.traceId}`}`}
            onClick={() => props.onPick(one)}
          />
        );
      })}
    </div>
  );
}

/** Where a dot stands: at its value, or at the edge of the plot when its value lies beyond. */
export function placeOf(
  exemplar: Pick<Exemplar, 'atMs' | 'value'>,
  plot: PlotBox,
): { left: number; top: number; isOutside: boolean } {
  const x = (exemplar.atMs - plot.fromMs) / Math.max(1, plot.toMs - plot.fromMs);
  const y = (exemplar.value - plot.low) / (plot.high - plot.low || 1);
  const inside = Math.max(0, Math.min(1, Number.isFinite(y) ? y : 1));
  return {
    left: plot.leftPx + x * plot.widthPx,
    top: plot.topPx + (1 - inside) * plot.heightPx,
    isOutside: !(y >= 0 && y <= 1),
  };
}

/** A trace by its id: a link where this server shows traces, else the id to copy. */
function TraceId({ traceId }: { traceId: string }) {
  const hasTraces = '/trace/$traceId' in useRouter().routesByPath;
  if (traceId === '') return <>none</>;
  return (
    <span className={css.trace}>
      {hasTraces ? <a href={`/trace/${encodeURIComponent(traceId)}`}>{traceId}</a> : <code>{traceId}</code>}
      <CopyButton text={traceId} label={`Copy trace id ${traceId}`} variant="quiet" iconOnly />
    </span>
  );
}

/** The exemplar that was picked. */
export function ExemplarCard({ exemplar, onClose }: { exemplar: Exemplar; onClose: () => void }) {
  const zone = useShownZone();
  const others = Object.entries(exemplar.labels).filter(([, value]) => value !== exemplar.traceId);
  return (
    <section className={css.card} aria-label="Exemplar">
      <header className={css.cardHead}>
        <h3>Exemplar</h3>
        <Button variant="quiet" icon={<X aria-hidden />} aria-label="Close the exemplar" onClick={onClose} />
      </header>
      <Facts
        facts={[
          { name: 'Value', value: formatValue(exemplar.value) },
          { name: 'Time', value: formatAbsolute(exemplar.atMs, zone) },
          { name: 'Trace', value: <TraceId traceId={exemplar.traceId} />, mono: true },
          { name: 'Series', value: seriesText(exemplar.series), mono: true },
          ...others.map(([name, value]) => ({ name, value, mono: true })),
        ]}
      />
    </section>
  );
}

/** The dots as a table. Folded, because most readers only want the dots. */
export function ExemplarList(props: {
  exemplars: readonly Exemplar[];
  onPick: (exemplar: Exemplar) => void;
}) {
  const zone = useShownZone();
  const columns = useMemo(
    (): TableColumn<Exemplar>[] => [
      { id: 'time', header: 'Time', width: 180, cell: (row) => formatAbsolute(row.atMs, zone) },
      { id: 'value', header: 'Value', width: 100, align: 'end', cell: (row) => formatValue(row.value) },
      { id: 'trace', header: 'Trace', width: 300, cell: (row) => <TraceId traceId={row.traceId} /> },
      { id: 'series', header: 'Series', width: 240, grow: 1, cell: (row) => seriesText(row.series) },
    ],
    [zone],
  );
  return (
    <details className={css.disclosure}>
      <summary>{plural(props.exemplars.length, 'exemplar')}</summary>
      <VirtualTable
        label="Exemplars"
        columns={columns}
        rows={props.exemplars}
        rowKey={(row) => row.key}
        rowHeight={32}
        maxHeight={240}
        onSelect={props.onPick}
      />
    </details>
  );
}

import { Plus, TriangleAlert } from 'lucide-react';
import { useRef, useState } from 'react';
import { Button } from '../../components/index.ts';
import { formatCount } from '../../lib/format.ts';
import css from './queries.module.css';
import { QueryEditorRow } from './query-editor-row.tsx';
import type { Problem } from './query-problems.ts';
import type { Letter } from './query-rows.ts';
import { hugeSeries, useCountBefore } from './use-estimate.ts';
import type { QueryRows } from './use-query-rows.ts';

/** What the latest answer of a row was. */
export interface RowOutcome {
  readonly isFetching: boolean;
  /** `12 series, 34 ms`; empty before the first answer. */
  readonly summary: string;
  readonly problems: readonly Problem[];
  /** The whole failure, for its hint. */
  readonly error: unknown;
}

/** The row that picked metrics and old queries go to. */
export interface ActiveRow {
  readonly letter: Letter;
  /** Just added: its editor takes the focus. */
  readonly isNew: boolean;
}

interface Held {
  readonly series: number | null;
  readonly run: () => void;
}

/** Runs what is in the editors, unless that would read very much: then it asks first. */
export function useGuardedRun(rows: QueryRows) {
  const countBefore = useCountBefore();
  const [held, setHeld] = useState<Held | null>(null);
  // A later run makes an earlier one void that still waits for its count.
  const turn = useRef(0);
  const run = async (latest?: { letter: Letter; text: string }): Promise<void> => {
    turn.current += 1;
    const own = turn.current;
    setHeld(null);
    const changed = rows.rows.flatMap((row) => {
      const text = latest?.letter === row.letter ? latest.text : row.draft;
      return text.trim() !== row.expr.trim() && !row.isHidden ? [text] : [];
    });
    const counts = await Promise.all(changed.map(countBefore));
    if (turn.current !== own) return;
    const most = Math.max(0, ...counts.map((count) => count?.series ?? 0));
    const go = (): void => {
      setHeld(null);
      rows.run(latest);
    };
    if (most > hugeSeries) setHeld({ series: most, run: go });
    else go();
  };
  return { run, held, dismiss: () => setHeld(null) };
}

export function QueryList(props: {
  rows: QueryRows;
  outcomes: ReadonlyMap<Letter, RowOutcome>;
  active: ActiveRow;
  onActive: (active: ActiveRow) => void;
  guard: ReturnType<typeof useGuardedRun>;
}) {
  const { rows, guard } = props;
  return (
    <section className={css.list} aria-label="Queries">
      {rows.rows.map((row) => (
        <QueryEditorRow
          key={row.letter}
          row={row}
          isOnly={rows.rows.length === 1}
          canAdd={rows.canAdd}
          outcome={props.outcomes.get(row.letter)}
          isActive={props.active.letter === row.letter}
          wantsFocus={props.active.letter === row.letter && props.active.isNew}
          onActive={() => props.onActive({ letter: row.letter, isNew: false })}
          onDraft={(text) => rows.setDraft(row.letter, text)}
          onRun={(text) => void guard.run({ letter: row.letter, text })}
          onToggle={() => rows.toggle(row.letter)}
          onDuplicate={() => {
            const letter = rows.add(row.draft.trim());
            if (letter !== null) props.onActive({ letter, isNew: true });
          }}
          onRemove={() => rows.remove(row.letter)}
        />
      ))}
      {guard.held && <HeldBack held={guard.held} onDismiss={guard.dismiss} />}
    </section>
  );
}

function HeldBack({ held, onDismiss }: { held: Held; onDismiss: () => void }) {
  return (
    <div className={css.held} role="alert">
      <TriangleAlert aria-hidden />
      <p>
        This selects about {formatCount(held.series)} series. Narrow it with labels, or run it as it is: that
        may take long and be refused by the server's limits.
      </p>
      <Button variant="primary" onClick={held.run}>
        Run anyway
      </Button>
      <Button onClick={onDismiss}>Do not run</Button>
    </div>
  );
}

/** Adds an empty row and goes there. */
export function AddQueryButton(props: { rows: QueryRows; onActive: (active: ActiveRow) => void }) {
  return (
    <Button
      icon={<Plus aria-hidden />}
      disabled={!props.rows.canAdd}
      onClick={() => {
        const letter = props.rows.add();
        if (letter !== null) props.onActive({ letter, isNew: true });
      }}
    >
      Add query
    </Button>
  );
}

import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { Button, EmptyState, SearchBox, TimeAgo } from '../../components/index.ts';
import { plural } from '../../lib/format.ts';
import css from './browser.module.css';
import { clearHistory, forgetQuery, searchHistory, useHistory } from './history.ts';

/** What was run in this browser before, newest first. */
export function HistoryList(props: { onPick: (expr: string) => void }) {
  const entries = useHistory();
  const [q, setQ] = useState('');
  const found = searchHistory(entries, q);
  if (entries.length === 0) {
    return (
      <EmptyState compact title="No query has been run yet.">
        Queries that you run are kept in this browser and found again here.
      </EmptyState>
    );
  }
  return (
    <div className={css.browser}>
      <div className={css.find}>
        <SearchBox label="Search the history" placeholder="Search the history" value={q} onChange={setQ} />
        <p className={css.count}>
          <span role="status">{plural(found.length, 'query', 'queries')}</span>
          <Button variant="quiet" onClick={clearHistory}>
            Clear
          </Button>
        </p>
      </div>
      <ul className={css.history}>
        {found.map((entry) => (
          <li key={entry.expr} className={css.entry}>
            <button
              type="button"
              className={css.entryRun}
              title={entry.expr}
              onClick={() => props.onPick(entry.expr)}
            >
              <code>{entry.expr}</code>
              <span className={css.entryNote}>
                <TimeAgo at={entry.atMs} />
                {entry.runs > 1 && `, ${entry.runs} times`}
              </span>
            </button>
            <Button
              variant="quiet"
              icon={<Trash2 aria-hidden />}
              aria-label={`Forget ${entry.expr}`}
              title="Forget"
              onClick={() => forgetQuery(entry.expr)}
            />
          </li>
        ))}
      </ul>
    </div>
  );
}

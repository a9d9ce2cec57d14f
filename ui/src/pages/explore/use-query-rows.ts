import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { bumpClocks } from '../../lib/clock.ts';
import type { AppSearch } from '../../lib/search-params.ts';
import { useSearchParams, useUrlUpdate } from '../../lib/url-state.ts';
import { rememberQuery } from './history.ts';
import { evaluationKeys } from './metric-queries.ts';
import {
  fitsAddress,
  freeLetter,
  hiddenLetters,
  type Letter,
  letters,
  type QueryRow,
  readRows,
  rowsPatch,
} from './query-rows.ts';

/** A query of the page: what was run, and what stands in its editor. */
export interface EditedRow extends QueryRow {
  readonly draft: string;
  /** Edited since it was run. */
  readonly isChanged: boolean;
  /** Too long for the address: a link or a reload will not have it. */
  readonly isOnlyHere: boolean;
}

export interface QueryRows {
  readonly rows: readonly EditedRow[];
  /** Rows with a text that was run and that are not hidden. */
  readonly shown: readonly EditedRow[];
  readonly canAdd: boolean;
  setDraft: (letter: Letter, text: string) => void;
  /** Runs what stands in the editors; `latest` is a text that may not have been rendered yet. */
  run: (latest?: { letter: Letter; text: string }) => void;
  /** Adds a row, empty or with a text that is run at once. Returns its letter; null when there is no room. */
  add: (expr?: string) => Letter | null;
  remove: (letter: Letter) => void;
  toggle: (letter: Letter) => void;
}

/** A text in an editor over what was run when it was typed: another run, or "back", makes it void. */
interface Draft {
  readonly text: string;
  readonly over: string;
}

interface Local {
  readonly drafts: Readonly<Partial<Record<Letter, Draft>>>;
  /** Rows without a text, which the address cannot hold. */
  readonly open: readonly Letter[];
  /** Texts too long for the address. */
  readonly long: Readonly<Partial<Record<Letter, string>>>;
}

const nothingLocal: Local = { drafts: {}, open: [], long: {} };

/** The queries of the page. Texts that were run are in the address; what is being typed is not, until it is run. */
export function useQueryRows(): QueryRows {
  const search = useSearchParams();
  const update = useUrlUpdate();
  const client = useQueryClient();
  const [local, setLocal] = useState(nothingLocal);
  const rows = useMemo(() => editedRows(search, local), [search, local]);
  useEffect(() => setLocal((before) => withoutVoid(before, search)), [search]);

  const commit = useCallback(
    (next: readonly QueryRow[], isNew = true) => {
      const long = Object.fromEntries(
        next.filter(({ expr }) => !fitsAddress(expr)).map(({ letter, expr }) => [letter, expr]),
      );
      const open = next.filter(({ expr }) => expr.trim() === '').map(({ letter }) => letter);
      setLocal((before) => ({ ...before, long, open }));
      update(rowsPatch(next), { replace: !isNew });
    },
    [update],
  );
  const setDraft = useCallback(
    (letter: Letter, text: string) => {
      const over = rows.find((row) => row.letter === letter)?.expr ?? '';
      setLocal((before) => ({ ...before, drafts: { ...before.drafts, [letter]: { text, over } } }));
    },
    [rows],
  );
  const run: QueryRows['run'] = (latest) => {
    const next = rows.map((row) => ({
      ...row,
      expr: (latest?.letter === row.letter ? latest.text : row.draft).trim(),
    }));
    for (const { expr } of next) if (expr !== '') rememberQuery(expr);
    const isSame = next.every((row, at) => row.expr === rows[at]?.expr);
    // Until the address has changed, the draft keeps the editor from showing the text before.
    if (latest !== undefined) setDraft(latest.letter, latest.text);
    if (!isSame) commit(next);
    bumpClocks();
    // The same text again means: once more, now.
    void client.invalidateQueries({
      predicate: ({ queryKey }) => evaluationKeys.includes(String(queryKey[0])),
      refetchType: isSame ? 'active' : 'none',
    });
  };
  return {
    rows,
    shown: useMemo(() => rows.filter(({ expr, isHidden }) => expr.trim() !== '' && !isHidden), [rows]),
    canAdd: freeLetter(rows) !== null,
    setDraft,
    run,
    add(expr = '') {
      const letter = freeLetter(rows);
      if (letter === null) return null;
      if (expr !== '') rememberQuery(expr);
      commit([...rows, { letter, expr, isHidden: false }], expr !== '');
      return letter;
    },
    remove(letter) {
      const next = rows.filter((row) => row.letter !== letter);
      setLocal((before) => ({ ...before, drafts: { ...before.drafts, [letter]: undefined } }));
      commit(next);
    },
    toggle(letter) {
      commit(rows.map((row) => (row.letter === letter ? { ...row, isHidden: !row.isHidden } : row)));
    },
  };
}

/** Without drafts over texts that are no longer there. */
function withoutVoid(local: Local, search: AppSearch): Local {
  const exprs = new Map(editedRows(search, local).map(({ letter, expr }) => [letter, expr]));
  const kept = Object.entries(local.drafts).filter(
    ([letter, draft]) => draft !== undefined && exprs.get(letter as Letter) === draft.over,
  );
  if (kept.length === Object.keys(local.drafts).length) return local;
  return { ...local, drafts: Object.fromEntries(kept) };
}

function editedRows(search: AppSearch, local: Local): readonly EditedRow[] {
  const inAddress = readRows(search);
  const off = hiddenLetters(search);
  const has = (letter: Letter): boolean =>
    inAddress.some((row) => row.letter === letter) ||
    local.open.includes(letter) ||
    local.long[letter] !== undefined;
  const shown = letters.filter(has);
  // There is always one to type into.
  return (shown.length > 0 ? shown : ['A' as const]).map((letter): EditedRow => {
    const row = inAddress.find((one) => one.letter === letter);
    const long = local.long[letter];
    const expr = row?.expr ?? long ?? '';
    const draft = local.drafts[letter];
    const text = draft !== undefined && draft.over === expr ? draft.text : expr;
    return {
      ...{ letter, expr, isHidden: off.has(letter), draft: text },
      isChanged: text.trim() !== expr.trim(),
      isOnlyHere: row === undefined && long !== undefined,
    };
  });
}

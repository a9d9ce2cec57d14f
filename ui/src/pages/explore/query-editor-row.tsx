import { useNavigate } from '@tanstack/react-router';
import {
  AlignLeft,
  BellPlus,
  CircleAlert,
  CopyPlus,
  Ellipsis,
  Eye,
  EyeOff,
  Info,
  type LucideIcon,
  Play,
  Trash2,
  TriangleAlert,
} from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { Button, failureOf } from '../../components/index.ts';
import { cssColour, seriesColour } from '../../components/time-series/index.ts';
import { formatCount } from '../../lib/format.ts';
import menu from '../../shell/menu.module.css';
import type { EditorHandle } from './editor/promql-editor.tsx';
import { prometheus } from './prometheus.ts';
import css from './queries.module.css';
import type { RowOutcome } from './query-list.tsx';
import { type Problem, problemOf } from './query-problems.ts';
import { letterIndex } from './query-rows.ts';
import { QuickActionBar } from './quick-action-bar.tsx';
import { hugeSeries, useEstimate } from './use-estimate.ts';
import type { EditedRow } from './use-query-rows.ts';
import { formatValueShort } from './value-text.ts';

const loadEditor = () => import('./editor/promql-editor.tsx');
const PromqlEditor = lazy(async () => ({ default: (await loadEditor()).PromqlEditor }));

const noProblems: readonly Problem[] = [];

interface QueryEditorRowProps {
  row: EditedRow;
  isOnly: boolean;
  canAdd: boolean;
  outcome: RowOutcome | undefined;
  /** The one that picked metrics go to. */
  isActive: boolean;
  /** It was just added: its editor takes the focus. */
  wantsFocus: boolean;
  onActive: () => void;
  onDraft: (text: string) => void;
  onRun: (text: string) => void;
  onToggle: () => void;
  onDuplicate: () => void;
  onRemove: () => void;
}

/** One query: its letter, its editor, what can be done with it, and what the server said of it. */
export function QueryEditorRow(props: QueryEditorRowProps) {
  const { row } = props;
  const format = useFormatting(row, props.onDraft);
  const editor = useRef<EditorHandle>(null);
  const problems = row.isChanged ? format.problems : (props.outcome?.problems ?? noProblems);
  useEffect(() => {
    if (props.wantsFocus) editor.current?.focus();
  }, [props.wantsFocus]);
  return (
    <fieldset
      className={css.row}
      data-active={props.isActive || undefined}
      data-hidden={row.isHidden || undefined}
      aria-label={`Query ${row.letter}`}
      onFocus={props.onActive}
    >
      <Letter row={row} onToggle={props.onToggle} />
      <div className={css.editor}>
        <Suspense fallback={<pre className={css.fallback}>{row.draft || ' '}</pre>}>
          <PromqlEditor
            label={`Expression of query ${row.letter}`}
            value={row.draft}
            onChange={props.onDraft}
            onRun={props.onRun}
            problems={problems}
            handle={editor}
          />
        </Suspense>
      </div>
      <RowButtons {...props} onFormat={format.run} isFormatting={format.isBusy} />
      <RowNotes {...props} problems={problems} />
    </fieldset>
  );
}

function Letter({ row, onToggle }: { row: EditedRow; onToggle: () => void }) {
  const Icon = row.isHidden ? EyeOff : Eye;
  return (
    <button
      type="button"
      className={css.letter}
      style={{ borderColor: cssColour(seriesColour(letterIndex(row.letter))) }}
      aria-pressed={!row.isHidden}
      aria-label={`Query ${row.letter}: ${row.isHidden ? 'hidden' : 'shown'}`}
      title={row.isHidden ? 'Show its results' : 'Hide its results'}
      onClick={onToggle}
    >
      {row.letter}
      <Icon aria-hidden />
    </button>
  );
}

interface RowAction {
  label: string;
  /** What a screen reader says beside the icon, which has no word. */
  name: string;
  icon: LucideIcon;
  run: () => void;
  isOff?: boolean;
}

function RowButtons(props: QueryEditorRowProps & { onFormat: () => void; isFormatting: boolean }) {
  const { row } = props;
  const isEmpty = row.draft.trim() === '';
  const navigate = useNavigate();
  const of = `query ${row.letter}`;
  const makeAlert = () => void navigate({ to: '/alerts/rules/new', search: { q: row.draft.trim() } });
  const actions: RowAction[] = [
    {
      label: 'Format',
      name: `Format ${of}`,
      icon: AlignLeft,
      run: props.onFormat,
      isOff: isEmpty || props.isFormatting,
    },
    {
      label: 'Duplicate',
      name: `Duplicate ${of}`,
      icon: CopyPlus,
      run: props.onDuplicate,
      isOff: isEmpty || !props.canAdd,
    },
    { label: 'Make alert', name: `Make alert of ${of}`, icon: BellPlus, run: makeAlert, isOff: isEmpty },
    {
      label: 'Remove',
      name: `Remove ${of}`,
      icon: Trash2,
      run: props.onRemove,
      isOff: props.isOnly && isEmpty,
    },
  ];
  return (
    <div className={css.buttons}>
      <Button
        variant={row.isChanged ? 'primary' : 'plain'}
        icon={<Play aria-hidden />}
        disabled={isEmpty}
        title="Run (Enter)"
        onClick={() => props.onRun(row.draft)}
      >
        Run
      </Button>
      <span className={css.wide}>
        {actions.map(({ label, name, icon: Icon, run, isOff }) => (
          <Button
            key={label}
            variant="quiet"
            icon={<Icon aria-hidden />}
            aria-label={name}
            title={label}
            disabled={isOff}
            onClick={run}
          />
        ))}
      </span>
      <RowMenu letter={row.letter} actions={actions} />
    </div>
  );
}

/** The same on a phone, where four icons have no room. */
function RowMenu({ letter, actions }: { letter: string; actions: readonly RowAction[] }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <Button
          variant="quiet"
          className={css.narrow}
          icon={<Ellipsis aria-hidden />}
          aria-label={`More for query ${letter}`}
        />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={menu.menu} align="end" sideOffset={6} collisionPadding={8}>
          {actions.map(({ label, icon: Icon, run, isOff }) => (
            <DropdownMenu.Item key={label} className={menu.item} disabled={isOff} onSelect={run}>
              <Icon aria-hidden />
              {label}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** The server's formatter; what it cannot parse is shown at its place. */
function useFormatting(row: EditedRow, onDraft: (text: string) => void) {
  const [state, setState] = useState<{ over: string; problems: readonly Problem[]; isBusy: boolean }>({
    over: '',
    problems: noProblems,
    isBusy: false,
  });
  const run = async (): Promise<void> => {
    const text = row.draft;
    setState({ over: text, problems: noProblems, isBusy: true });
    try {
      const { data } = await prometheus<string>('format_query', { query: text });
      onDraft(data);
      setState({ over: data, problems: noProblems, isBusy: false });
    } catch (error) {
      const problems = [problemOf('error', failureOf(error).message, text)];
      setState({ over: text, problems, isBusy: false });
    }
  };
  return {
    run: () => void run(),
    isBusy: state.isBusy,
    problems: state.over === row.draft ? state.problems : noProblems,
  };
}

/** Below the editor: cost before, outcome after, problems, and what one usually asks of such a metric. */
function RowNotes(props: QueryEditorRowProps & { problems: readonly Problem[] }) {
  const { row, outcome, problems } = props;
  const estimate = useEstimate(row.draft);
  const hint = outcome?.error && !row.isChanged ? failureOf(outcome.error).hint : '';
  return (
    <div className={css.notes}>
      <p className={css.facts}>
        {estimate && (
          <span
            data-huge={estimate.series === null || estimate.series > hugeSeries || undefined}
            title={estimate.series === null ? undefined : `${formatCount(estimate.series)} series right now`}
          >
            {estimateText(estimate.series)}
          </span>
        )}
        {outcome?.isFetching && <span>running…</span>}
        {!outcome?.isFetching && outcome?.summary && !row.isChanged && <span>{outcome.summary}</span>}
        {row.isChanged && row.expr !== '' && <span>edited, not run yet</span>}
        {row.isOnlyHere && <span>too long for the address: a link will not have it</span>}
      </p>
      {problems.map((problem) => (
        <ProblemLine key={problem.message} problem={problem} expr={row.draft} />
      ))}
      {hint && <p className={css.hint}>{hint}</p>}
      <QuickActionBar expr={row.draft} onPick={props.onRun} />
    </div>
  );
}

function estimateText(series: number | null): string {
  if (series === null) return 'selects too many series to count';
  return series === 0 ? 'selects no series now' : `selects ${formatValueShort(series)} series`;
}

const problemIcons = { error: CircleAlert, warning: TriangleAlert, info: Info } as const;
const problemWords = { error: 'Error', warning: 'Warning', info: 'Note' } as const;

function ProblemLine({ problem, expr }: { problem: Problem; expr: string }) {
  const Icon = problemIcons[problem.severity];
  const where = problem.at === null || expr.includes('\n') ? '' : ` at character ${problem.at + 1}`;
  return (
    <p
      className={css.problem}
      data-severity={problem.severity}
      role={problem.severity === 'error' ? 'alert' : undefined}
    >
      <Icon aria-hidden />
      <span>
        <strong>
          {problemWords[problem.severity]}
          {where}:
        </strong>{' '}
        {problem.message}
      </span>
    </p>
  );
}

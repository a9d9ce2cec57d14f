import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
  completionStatus,
  selectedCompletion,
  startCompletion,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from '@codemirror/commands';
import { bracketMatching } from '@codemirror/language';
import { type Diagnostic, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { EditorState, type Extension, Prec } from '@codemirror/state';
import { drawSelection, EditorView, type KeyBinding, keymap, placeholder } from '@codemirror/view';
import { PromQLExtension } from '@prometheus-io/codemirror-promql';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { type RefObject, useEffect, useImperativeHandle, useRef } from 'react';
import type { Problem } from '../query-problems.ts';
import { completion } from './completion.ts';
import { editorHighlight, editorTheme } from './editor-theme.ts';

export interface EditorHandle {
  focus: () => void;
}

export interface PromqlEditorProps {
  /** Accessible name. */
  label: string;
  value: string;
  onChange: (text: string) => void;
  /** Enter. The text is the one on screen, which the caller may not have rendered yet. */
  onRun: (text: string) => void;
  /** What the server found; shown at its place until the text changes. */
  problems: readonly Problem[];
  handle?: RefObject<EditorHandle | null>;
}

/**
 * An editor of one PromQL expression. Enter runs, shift+Enter breaks the line, ctrl+space completes. Tab leaves it, as in any field.
 * Loaded on its own: with its language it is larger than everything else on the page.
 */
export function PromqlEditor(props: PromqlEditorProps) {
  const holder = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const queryClient = useQueryClient();
  // Reached through a reference, so that a new closure does not mean a new editor.
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: the first value; later ones are dispatched below
  useEffect(() => {
    if (holder.current === null) return;
    const made = new EditorView({
      parent: holder.current,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: extensionsOf(latest, queryClient),
      }),
    });
    view.current = made;
    return () => {
      view.current = null;
      made.destroy();
    };
  }, [queryClient, props.label]);

  const { value, problems } = props;
  useEffect(() => {
    const shown = view.current;
    if (shown === null || shown.state.doc.toString() === value) return;
    shown.dispatch({
      changes: { from: 0, to: shown.state.doc.length, insert: value },
      selection: { anchor: value.length },
    });
  }, [value]);
  useEffect(() => {
    const shown = view.current;
    if (shown !== null)
      shown.dispatch(
        setDiagnostics(
          shown.state,
          problems.flatMap((one) => diagnosticOf(one, shown)),
        ),
      );
  }, [problems]);
  useImperativeHandle(props.handle, () => ({ focus: () => view.current?.focus() }));
  return <div ref={holder} />;
}

/** A problem at its place; the word there, or one character. */
function diagnosticOf({ severity, message, at }: Problem, view: EditorView): Diagnostic[] {
  if (at === null) return [];
  const from = Math.min(at, view.state.doc.length);
  const word = view.state.wordAt(from);
  const to = Math.max(word?.to ?? 0, Math.min(from + 1, view.state.doc.length));
  return [{ from, to, severity, message }];
}

function extensionsOf(latest: RefObject<PromqlEditorProps>, queryClient: QueryClient): Extension[] {
  const language = new PromQLExtension().setComplete({ completeStrategy: completion(queryClient) });
  return [
    history(),
    drawSelection(),
    bracketMatching(),
    closeBrackets(),
    autocompletion({ icons: false, activateOnTypingDelay: 10, maxRenderedOptions: 60 }),
    language.asExtension(),
    editorHighlight,
    editorTheme,
    EditorView.lineWrapping,
    placeholder('Write an expression, or choose a metric'),
    EditorView.contentAttributes.of({
      'aria-label': latest.current.label,
      'data-query-editor': '',
      'aria-description':
        'Enter runs the query, shift and Enter breaks the line, control and space completes.',
    }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest.current.onChange(update.state.doc.toString());
    }),
    Prec.highest(keymap.of(runKeys(latest))),
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...historyKeymap,
      ...lintKeymap,
      ...defaultKeymap,
    ]),
  ];
}

function runKeys(latest: RefObject<PromqlEditorProps>): KeyBinding[] {
  const run = (view: EditorView): boolean => {
    closeCompletion(view);
    latest.current.onRun(view.state.doc.toString());
    return true;
  };
  return [
    // Accepts what is chosen in the list, unless that is what stands there already: then there is nothing left but to run.
    { key: 'Enter', run: (view) => (wouldChange(view) ? acceptCompletion(view) || run(view) : run(view)) },
    { key: 'Mod-Enter', run },
    { key: 'Shift-Enter', run: insertNewlineAndIndent },
    { key: 'Ctrl-Space', run: startCompletion },
    { key: 'Escape', run: (view) => closeCompletion(view) || leave(view) },
  ];
}

function wouldChange(view: EditorView): boolean {
  if (completionStatus(view.state) !== 'active') return false;
  const chosen = selectedCompletion(view.state);
  if (chosen === null) return false;
  const before = view.state.sliceDoc(0, view.state.selection.main.head);
  return !before.endsWith(chosen.label);
}

/** Escape gives the single keys of the page back. */
function leave(view: EditorView): boolean {
  view.contentDOM.blur();
  return true;
}

import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** Colours and sizes of the editor, all from the tokens, so that it follows the theme of the page. */
export const editorTheme = EditorView.theme({
  '&': { backgroundColor: 'transparent', color: 'var(--fg)', fontSize: 'var(--text-base)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '1.6', overflow: 'auto', maxHeight: '220px' },
  '.cm-content': { padding: '7px 0', caretColor: 'var(--fg)' },
  '.cm-line': { padding: '0 10px' },
  '.cm-placeholder': { color: 'var(--fg-faint)' },
  '.cm-cursor, .cm-dropCursor': { borderLeftColor: 'var(--fg)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--bg-selected)',
  },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': {
    backgroundColor: 'var(--accent-soft)',
    outline: '1px solid var(--accent)',
  },
  '.cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket': { backgroundColor: 'var(--bad-soft)' },
  '.cm-tooltip': {
    border: '1px solid var(--line)',
    borderRadius: 'var(--radius)',
    backgroundColor: 'var(--bg-raised)',
    color: 'var(--fg)',
    boxShadow: 'var(--shadow-2)',
    overflow: 'hidden',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': {
    fontFamily: 'var(--font-mono)',
    fontSize: 'var(--text-dense)',
    maxHeight: '280px',
    maxWidth: 'min(560px, 92vw)',
  },
  '.cm-tooltip-autocomplete > ul > li': {
    display: 'flex',
    alignItems: 'baseline',
    gap: '10px',
    padding: '3px 10px !important',
    minHeight: '24px',
  },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--bg-selected)',
    color: 'var(--fg)',
  },
  '.cm-completionMatchedText': { textDecoration: 'none', color: 'var(--accent-fg)', fontWeight: '600' },
  '.cm-completionDetail': {
    marginLeft: 'auto',
    color: 'var(--fg-muted)',
    fontStyle: 'normal',
    fontFamily: 'var(--font-sans)',
    fontSize: 'var(--text-xs)',
  },
  '.cm-completionInfo': {
    maxWidth: '320px',
    padding: '8px 10px',
    fontFamily: 'var(--font-sans)',
    fontSize: 'var(--text-dense)',
    lineHeight: '1.45',
  },
  '.cm-diagnostic': {
    padding: '6px 10px',
    borderLeftWidth: '3px',
    fontFamily: 'var(--font-sans)',
    fontSize: 'var(--text-dense)',
  },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--warn)' },
  '.cm-diagnostic-info': { borderLeftColor: 'var(--info)' },
  // The package draws its wave as an image in a colour of its own.
  '.cm-lintRange': { backgroundImage: 'none', paddingBottom: '0' },
  '.cm-lintRange-error': { textDecoration: 'underline wavy var(--bad) 1px', textUnderlineOffset: '4px' },
  '.cm-lintRange-warning': { textDecoration: 'underline wavy var(--warn) 1px', textUnderlineOffset: '4px' },
  '.cm-lintRange-info': { textDecoration: 'underline dotted var(--info) 2px', textUnderlineOffset: '4px' },
  '.cm-lintPoint:after': { borderBottomColor: 'var(--bad)' },
});

const highlight = HighlightStyle.define([
  { tag: tags.variableName, color: 'var(--fg)' },
  { tag: tags.function(tags.variableName), color: 'var(--accent-fg)' },
  {
    tag: [tags.operatorKeyword, tags.modifier, tags.logicOperator],
    color: 'var(--accent-fg)',
    fontWeight: '600',
  },
  { tag: tags.labelName, color: 'var(--info)' },
  { tag: tags.string, color: 'var(--ok)' },
  { tag: tags.number, color: 'var(--warn)' },
  { tag: tags.comment, color: 'var(--fg-faint)', fontStyle: 'italic' },
  { tag: [tags.operator, tags.arithmeticOperator], color: 'var(--fg-muted)' },
  { tag: [tags.paren, tags.squareBracket, tags.brace], color: 'var(--fg-muted)' },
  { tag: tags.invalid, color: 'var(--bad)' },
]);

export const editorHighlight = syntaxHighlighting(highlight);

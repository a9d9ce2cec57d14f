import DOMPurify from 'dompurify';
import { Marked, type Token, type Tokens } from 'marked';

/** A runbook cut at its code blocks, which are drawn with a copy button. */
export type MarkdownPart = { id: string } & (
  | { kind: 'html'; html: string }
  | { kind: 'code'; text: string; language: string }
);

/** Longer texts are cut: nobody reads them in a hurry, and rendering must stay quick. */
const mostCharacters = 400_000;

/** Ways a link may lead: the web, mail, or a page of this server. */
const allowedUri = /^(?:https?:|mailto:|\/(?!\/)|#|\.)/i;
/** HTML in Markdown that is taken as such; anything else shows as the text it is. */
const plainTag = /^<\/?(?:br|kbd|sub|sup)\s*\/?>$/i;

/**
 * HTML never reaches a parser as it was written, addresses are checked, and pictures, which this page would not load from other
 * hosts, are links. The sanitiser behind it is the second lock.
 */
const marked = new Marked({
  gfm: true,
  async: false,
  renderer: {
    html: ({ text }) => (plainTag.test(text.trim()) ? text : /^\s*<!--/.test(text) ? '' : escaped(text)),
    link({ href, tokens }) {
      return linkTo(href, this.parser.parseInline(tokens));
    },
    image: ({ href, text }) => linkTo(href, escaped(text || 'Picture')),
  },
});

const allowedTags =
  'p br hr h2 h3 h4 h5 h6 strong em del code pre blockquote ul ol li a table thead tbody tr th td input kbd sub sup'.split(
    ' ',
  );
const plainAttributes = ['target', 'rel', 'align', 'start', 'type', 'checked', 'disabled'];

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** Links out open apart, and the page there learns nothing of this one. An address that is none leaves its text. */
function linkTo(href: string, html: string): string {
  if (!allowedUri.test(href)) return html;
  const apart = /^https?:/i.test(href) ? ' target="_blank" rel="noopener noreferrer nofollow"' : '';
  return `<a href="${escaped(href)}"${apart}>${html}</a>`;
}

/** Safe HTML and code of a Markdown text. A first heading that only repeats the title is left out. */
export function renderMarkdown(text: string, title: string): MarkdownPart[] {
  const tokens = marked.lexer(text.slice(0, mostCharacters));
  const first = tokens.findIndex(({ type }) => type !== 'space');
  const head = tokens[first];
  if (isTitle(head, title)) tokens.splice(first, 1);
  const parts: MarkdownPart[] = [];
  let pending: Token[] = [];
  const flush = (): void => {
    const html = pending.length === 0 ? '' : safeHtml(marked.parser(pending));
    if (html.trim() !== '') parts.push({ id: `${parts.length}`, kind: 'html', html });
    pending = [];
  };
  for (const token of tokens) {
    if (token.type === 'code') {
      flush();
      parts.push({ id: `${parts.length}`, kind: 'code', text: token.text, language: token.lang ?? '' });
      continue;
    }
    // The page has its one h1 already.
    if (token.type === 'heading' && token.depth === 1) token.depth = 2;
    pending.push(token);
  }
  flush();
  return parts;
}

function isTitle(token: Token | undefined, title: string): boolean {
  if (token?.type !== 'heading') return false;
  const { depth, text } = token as Tokens.Heading;
  return depth === 1 && text.trim() === title.trim();
}

function safeHtml(html: string): string {
  const clean = DOMPurify.sanitize(html, {
    ALLOWED_TAGS: allowedTags,
    ALLOWED_ATTR: ['href', ...plainAttributes],
    ALLOWED_URI_REGEXP: allowedUri,
    // Their values are words, no addresses.
    ADD_URI_SAFE_ATTR: plainAttributes,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
  finish(clean);
  const holder = document.createElement('div');
  holder.append(clean);
  return holder.innerHTML;
}

/** Boxes to tick have names, and wide tables scroll by themselves, also by keyboard. */
function finish(fragment: DocumentFragment): void {
  for (const box of fragment.querySelectorAll('input')) {
    box.type = 'checkbox';
    box.disabled = true;
    box.setAttribute('aria-label', box.closest('li')?.textContent?.trim().slice(0, 100) ?? 'Step');
  }
  for (const table of fragment.querySelectorAll('table')) {
    const scroller = document.createElement('div');
    scroller.tabIndex = 0;
    scroller.setAttribute('role', 'group');
    scroller.setAttribute('aria-label', 'Table');
    table.replaceWith(scroller);
    scroller.append(table);
  }
}

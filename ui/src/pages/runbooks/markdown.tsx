import { useNavigate } from '@tanstack/react-router';
import { type MouseEvent, useMemo } from 'react';
import { CodeBlock } from '../../components/index.ts';
import { renderMarkdown } from './render.ts';
import css from './runbooks.module.css';

/**
 * Markdown as safe HTML, code blocks with a copy button. Links stay in this page where they lead to this server. Loaded on its own:
 * the parser and the sanitiser are larger than the page.
 */
export function Markdown({ text, title }: { text: string; title: string }) {
  const navigate = useNavigate();
  const parts = useMemo(() => renderMarkdown(text, title), [text, title]);
  const onClick = (event: MouseEvent<HTMLElement>) => {
    const link = (event.target as HTMLElement).closest('a');
    const href = link?.getAttribute('href') ?? '';
    if (!href.startsWith('/') || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0)
      return;
    event.preventDefault();
    void navigate({ href });
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: clicks on the links inside, which the keyboard makes too
    // biome-ignore lint/a11y/noStaticElementInteractions: the links inside are what can be pressed
    <div className={css.markdown} onClick={onClick}>
      {parts.map((part) =>
        part.kind === 'code' ? (
          <CodeBlock
            key={part.id}
            label={part.language === '' ? 'Code' : `Code, ${part.language}`}
            text={part.text}
          />
        ) : (
          // biome-ignore lint/security/noDangerouslySetInnerHtml: sanitised in render.ts
          <div key={part.id} dangerouslySetInnerHTML={{ __html: part.html }} />
        ),
      )}
    </div>
  );
}

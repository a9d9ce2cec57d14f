import { describe, expect, it } from 'vitest';
import { sampleRunbook } from '../alerts-fixture.ts';
import { renderMarkdown } from './render.ts';

// The sanitiser needs the DOM of a real browser, where the acceptance tests look at it. Here only what stands before it counts.
const textOf = (text: string, title = '') =>
  renderMarkdown(text, title)
    .map((part) => (part.kind === 'html' ? part.html : `[${part.language}]${part.text}`))
    .join('');

describe('Markdown of a runbook', () => {
  it('leaves out the heading that repeats the title', () => {
    expect(textOf('# Disk\n\ntext', 'Disk')).not.toContain('Disk');
    expect(textOf('# Disk\n\ntext', 'Other')).toContain('Disk');
  });
  it('keeps code apart, to be copied', () => {
    const parts = renderMarkdown(sampleRunbook.markdown, sampleRunbook.title);
    expect(parts.map(({ kind }) => kind)).toEqual(['html', 'code', 'html']);
    expect(parts[1]).toMatchObject({ language: 'sh', text: 'kubectl rollout undo deployment/checkout' });
  });
  it('opens links out apart and keeps those of this server', () => {
    const html = textOf('[a](https://x.example/y) [b](/explore/metrics?q=up)');
    expect(html).toMatch(/href="https:\/\/x\.example\/y"[^>]*rel="noopener noreferrer nofollow"/);
    expect(html).toContain('<a href="/explore/metrics?q=up">b</a>');
  });
  it.each([
    '<script>alert(1)</script>',
    'a <script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](javascript&colon;alert(1))',
    '[x](<java\tscript:alert(1)>)',
    '<a href="data:text/html,<script>1</script>">x</a>',
    '[x](//evil.example)',
    '[x](https://a.example/"onclick="alert(1))',
    '[x](https://a.example "title\\" onclick=alert(1)")',
    '<javascript:alert(1)>',
    '<svg><script>alert(1)</script></svg>',
    '<iframe src="https://evil.example"></iframe>',
    '<p style="position:fixed" onclick="alert(1)" id="main">x</p>',
    '![p](https://evil.example/pixel.png)',
    '![" onerror="alert(1)](x)',
    '```"><script>\nx\n```',
  ])('%s stays text', (text) => {
    const holder = document.createElement('div');
    holder.innerHTML = renderMarkdown(text, '')
      .map((part) => (part.kind === 'html' ? part.html : ''))
      .join('');
    expect(holder.querySelector('script, iframe, style, svg, form, img, object')).toBeNull();
    const attributes = [...holder.querySelectorAll('*')].flatMap((one) => one.getAttributeNames());
    expect(attributes.filter((name) => !['href', 'target', 'rel'].includes(name))).toEqual([]);
    const targets = [...holder.querySelectorAll('a')].map((link) => link.getAttribute('href'));
    expect(targets.filter((href) => !/^https:\/\//.test(href ?? ''))).toEqual([]);
  });
  it('keeps the few tags that Markdown has no words for', () => {
    expect(textOf('press <kbd>x</kbd><br>then <!-- quietly -->y')).toMatch(/<kbd>x<\/kbd><br\/?>then\s+y/);
  });
});

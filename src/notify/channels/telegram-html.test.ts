import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTelegramHtml } from './telegram.example.ts';
import { MAX_TELEGRAM_LENGTH, telegramHtml } from './telegram-html.ts';

/** What the text is made of, so that runs meet tags, half tags and entities all the time. */
const piece = fc.oneof(
  fc.constantFrom(
    ...[
      '<b>',
      '</b>',
      '<i>',
      '</i>',
      '<a href="https://x.example/?a=1&b=2">',
      '</a>',
      '<code class="language-go">',
    ],
    ...[
      '</code>',
      '<pre>',
      '</pre>',
      '<br>',
      '<br/>',
      '<p>',
      '</p>',
      '<span class="tg-spoiler">',
      '<span>',
      '</span>',
    ],
    ...[
      '<script>',
      '</script>',
      '<',
      '>',
      '&',
      '&amp;',
      '&lt;',
      '&#34;',
      '&#x1F600;',
      '&#55296;',
      '&#0;',
      '&copy;',
    ],
    ...[
      '&',
      '<b',
      'b>',
      '</',
      '<!--',
      '<a href="javascript:x">',
      '<blockquote expandable>',
      '</blockquote>',
      '"',
      "'",
    ],
    ...['👩‍👩‍👧‍👦', '👍🏿', '\ud83d', '\ude00', '\u0301', '\n'],
  ),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.integer({ min: 1, max: 3000 }).map((count) => 'word '.repeat(count)),
  fc.integer({ min: 1, max: 900 }).map((count) => '&amp;'.repeat(count)),
);
const html = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));

describe('HTML for Telegram', () => {
  test('Telegram reads whatever comes out, and it never is too long', () => {
    fc.assert(
      fc.property(html, (text) => {
        const result = telegramHtml(`x${text}`, '\nend', '\ncut');
        expect(result.length).toBeLessThanOrEqual(MAX_TELEGRAM_LENGTH);
        expect(() => readTelegramHtml(result)).not.toThrow();
        expect(result.toWellFormed().length).toBe(result.length);
      }),
      { numRuns: 1000 },
    );
  });

  test('a cut is visible and takes no more than it must', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 4000, max: 6000 }), (bold, length) => {
        const text = `${'<b>'.repeat(bold)}${'x'.repeat(length)}`;
        const result = telegramHtml(text, '', '\n(shortened)');
        const { text: shown } = readTelegramHtml(result);
        if (shown.length === length) return;
        expect(shown).toMatch(/^x+…\n\(shortened\)$/);
        expect(result.length).toBe(MAX_TELEGRAM_LENGTH);
      }),
    );
  });

  test('text that was escaped comes back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }), (text) => {
        const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
        expect(readTelegramHtml(`${telegramHtml(`x${escaped}`, '', '')}`).text).toBe(`x${text}`);
      }),
    );
  });

  test.each([
    ['<b>bold</b> <i>it</i>', '<b>bold</b> <i>it</i>'],
    ['<B>bold</B>', '<b>bold</b>'],
    ['<b><i>both</b></i>', '<b><i>both</i></b>'],
    ['<b>open', '<b>open</b>'],
    ['close</b>', 'close'],
    ['one<br/>two<p>three</p>four', 'one\ntwothree\nfour'],
    ['<script>x</script>', '&lt;script&gt;x&lt;/script&gt;'],
    ['<img src=x onerror=alert(1)>', '&lt;img src=x onerror=alert(1)&gt;'],
    ['<b onclick="x">y</b>', '<b>y</b>'],
    ['<a href="https://a.example/?x=1&y=2">l</a>', '<a href="https://a.example/?x=1&amp;y=2">l</a>'],
    ['<a href=https://a.example>l</a>', '<a href="https://a.example">l</a>'],
    ['<a href="javascript:alert(1)">l</a>', 'l'],
    ['<span>s</span><span class="tg-spoiler">t</span>', 's<span class="tg-spoiler">t</span>'],
    ['<pre><code class="language-go">x</code></pre>', '<pre><code class="language-go">x</code></pre>'],
    ['<blockquote expandable>q</blockquote>', '<blockquote expandable>q</blockquote>'],
    ['a < b && c > d', 'a &lt; b &amp;&amp; c &gt; d'],
    ['&copy; &nbsp;&apos;&#34;', "&amp;copy; \u00a0'&#34;"],
  ])('%s', (from, to) => {
    expect(telegramHtml(from, '', '')).toBe(to);
  });

  test('an emoji with its modifiers is not divided', () => {
    const text = `${'x'.repeat(4080)}${'👍🏿'.repeat(20)}`;
    expect(telegramHtml(text, '', '')).toMatch(/^x+(👍🏿)*…$/u);
  });
});

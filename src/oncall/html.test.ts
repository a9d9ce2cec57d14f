import { expect, test } from 'vitest';
import { cutText, html } from './html.ts';

test('what is put in is escaped, also in attributes, and HTML is not escaped twice', () => {
  const hostile = `<b>&"'\u0000\ud800`;
  expect(html`<a title="${hostile}">${html`<i>${hostile}</i>`}${[html`<hr>`, html`<br>`]}${7}</a>`.html).toBe(
    '<a title="&lt;b&gt;&amp;&quot;&#39;\ufffd\ufffd"><i>&lt;b&gt;&amp;&quot;&#39;\ufffd\ufffd</i><hr><br>7</a>',
  );
});

test('cuts leave whole characters', () => {
  expect(cutText('abc', 3)).toBe('abc');
  expect(cutText('abcd', 3)).toBe('ab…');
  expect(cutText('a😀bcd', 3).isWellFormed()).toBe(true);
});

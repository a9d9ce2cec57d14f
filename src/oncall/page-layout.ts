import { createHash } from 'node:crypto';
import { type Html, html } from './html.ts';

/** Colours and distances are those of the UI. */
const STYLE = `
:root{color-scheme:light dark;--bg:#f5f6f8;--card:#fff;--fg:#17191d;--muted:#545a65;--line:#c9cdd4;--accent:#4067e3;--bad:#b3261e;--ok:#14713f}
@media (prefers-color-scheme:dark){:root{--bg:#0c0d0f;--card:#121316;--fg:#ebecee;--muted:#a3a8b1;--line:#3a3e46;--bad:#ff7d78;--ok:#4cc38a}}
*{box-sizing:border-box}
body{margin:0;padding:16px;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:560px;margin:0 auto;padding:20px;background:var(--card);border:1px solid var(--line);border-radius:10px;overflow-wrap:anywhere}
h1{margin:0 0 4px;font-size:22px;line-height:1.25}
p{margin:8px 0}
.muted{color:var(--muted)}
.bad{color:var(--bad);font-weight:600}
.ok{color:var(--ok);font-weight:600}
dl{margin:16px 0;display:grid;grid-template-columns:fit-content(40%) minmax(0,1fr);gap:4px 12px;font-size:14px}
dt{color:var(--muted)}
dd{margin:0}
bdi{unicode-bidi:isolate}
form{display:grid;gap:12px;margin-top:16px}
label{display:grid;gap:4px;font-size:14px;color:var(--muted)}
input{min-height:44px;padding:8px 12px;font:inherit;color:var(--fg);background:var(--bg);border:1px solid var(--line);border-radius:6px}
button,.button{display:flex;align-items:center;justify-content:center;min-height:48px;padding:8px 16px;font:inherit;font-weight:600;color:#fff;background:var(--accent);border:1px solid transparent;border-radius:6px;text-decoration:none;cursor:pointer}
.button{margin-top:16px;color:var(--fg);background:transparent;border-color:var(--line)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** For answers with a page: nothing is loaded, nothing runs, nobody may frame it, and nothing keeps it. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex, nofollow',
};

/** A whole document. */
export function pageOf(title: string, content: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Bellwether</title>
<style>${{ html: STYLE }}</style>
</head>
<body><main>${content}</main></body>
</html>
`.html;
}

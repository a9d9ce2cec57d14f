import { describe, expect, it } from 'vitest';
import { StyleModule } from './style-mod.ts';

describe('rules of a style module', () => {
  it('writes camel case names as CSS does, and drops what follows an underscore', () => {
    const module = new StyleModule({ '.a': { fontWeight: 600, color: 'red', color_2: 'blue', left: null } });
    expect(module.rules).toEqual(['.a {font-weight: 600; color: red; color: blue;}']);
  });

  it('unfolds nested selectors before the rule that holds them', () => {
    const module = new StyleModule({ '.a, .b': { color: 'red', '&:hover, &.on': { color: 'blue' } } });
    expect(module.rules).toEqual(['.a:hover, .b:hover, .a.on, .b.on {color: blue;}', '.a, .b {color: red;}']);
  });

  it('finishes selectors, also within media queries, but neither at-rules nor the steps of keyframes', () => {
    const finish = (selector: string) => `.root ${selector}`;
    const module = new StyleModule(
      {
        '.a': { top: '0' },
        '@media print': { '.b': { top: 0 } },
        '@keyframes blink': { '50%': { opacity: 0 } },
        '@import "x"': null,
      },
      { finish },
    );
    expect(module.rules).toEqual([
      '.root .a {top: 0;}',
      '@media print {.root .b {top: 0;}}',
      '@keyframes blink {50% {opacity: 0;}}',
      '@import "x";',
    ]);
  });

  it('gives every name once', () => {
    expect(StyleModule.newName()).not.toBe(StyleModule.newName());
  });
});

describe('mounting', () => {
  const texts: string[] = [];
  class FakeSheet {
    text = '';
    replaceSync(text: string) {
      this.text = text;
      texts.push(text);
    }
  }

  it('adopts one sheet and keeps the order that was asked for, writing only what is new', () => {
    const before = globalThis.CSSStyleSheet;
    globalThis.CSSStyleSheet = FakeSheet as unknown as typeof CSSStyleSheet;
    try {
      const other = {};
      const root = { adoptedStyleSheets: [other] } as unknown as Document;
      const one = new StyleModule({ '.one': { top: 0 } });
      const two = new StyleModule({ '.two': { top: 0 } });
      StyleModule.mount(root, [one]);
      StyleModule.mount(root, one);
      expect(texts).toHaveLength(1);
      StyleModule.mount(root, [two, one]);
      expect(texts.at(-1)).toBe('.two {top: 0;}\n.one {top: 0;}');
      expect(root.adoptedStyleSheets).toHaveLength(2);
      expect(root.adoptedStyleSheets[1]).toBe(other);
    } finally {
      globalThis.CSSStyleSheet = before;
    }
  });
});

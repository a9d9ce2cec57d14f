import { useEffect } from 'react';

/**
 * Stands in for the package `react-style-singleton`, which Radix's scroll lock uses to add a rule while a modal layer is open. The
 * package writes a `<style>` element, which `style-src 'self'` refuses; a constructed style sheet does the same and is allowed.
 * Same three exports, so the alias in vite.config.ts needs no change in Radix.
 */
export function stylesheetSingleton(): { add: (css: string) => void; remove: () => void } {
  let users = 0;
  let sheet: CSSStyleSheet | null = null;
  return {
    add(css) {
      users += 1;
      if (sheet !== null) return;
      sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    },
    remove() {
      users -= 1;
      if (users > 0 || sheet === null) return;
      const gone = sheet;
      sheet = null;
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== gone);
    },
  };
}

export function styleHookSingleton(): (css: string, isDynamic?: boolean) => void {
  const singleton = stylesheetSingleton();
  // biome-ignore lint/correctness/noComponentHookFactories: the package's interface is a factory of hooks
  return function useStyle(css) {
    useEffect(() => {
      singleton.add(css);
      return () => singleton.remove();
    }, [css]);
  };
}

export function styleSingleton(): (props: { styles: string; dynamic?: boolean }) => null {
  const useStyle = styleHookSingleton();
  // biome-ignore lint/correctness/noComponentHookFactories: the package's interface is a factory of components
  return function Style({ styles, dynamic }) {
    useStyle(styles, dynamic);
    return null;
  };
}

/** Colours of a canvas, read from the CSS variables of the page: a canvas cannot use `var()`. */
export interface ChartTheme {
  axis: string;
  grid: string;
  line: string;
  font: string;
  surface: string;
  /** Resolves `--name`, `var(--name)` or a plain colour. */
  colour: (name: string) => string;
}

/** Number of colours in the palette; further series repeat it with a dash. */
export const paletteSize = 12;

/** Palette colour of the n-th series, from 0. */
export function seriesColour(index: number): string {
  return `--series-${(index % paletteSize) + 1}`;
}

/** The same colour for style sheets and style properties. */
export function cssColour(name: string): string {
  return name.startsWith('--') ? `var(${name})` : name;
}

export function readTheme(): ChartTheme {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    axis: read('--fg-faint'),
    grid: read('--line-faint'),
    line: read('--line-strong'),
    surface: read('--bg-raised'),
    font: `11px ${read('--font-sans') || 'sans-serif'}`,
    colour(name) {
      const variable = /^(?:var\()?(--[\w-]+)\)?$/.exec(name)?.[1];
      return variable === undefined ? name : read(variable) || 'gray';
    },
  };
}

const listeners = new Set<() => void>();
let observer: MutationObserver | undefined;

/** Calls back after the theme of the page changed. One observer for all charts. */
export function onThemeChange(listener: () => void): () => void {
  listeners.add(listener);
  if (!observer) {
    observer = new MutationObserver(() => {
      for (const one of listeners) one();
    });
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    observer?.disconnect();
    observer = undefined;
  };
}

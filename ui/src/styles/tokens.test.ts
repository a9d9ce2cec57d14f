import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const css = readFileSync(join(dirname(fileURLToPath(import.meta.url)), 'tokens.css'), 'utf8');

/** The hex colours of the first block whose selector contains `selector`. */
function colours(selector: string): Record<string, string> {
  const block = new RegExp(`${selector.replace(/[[\]]/g, '\\$&')}\\s*\\{([^}]*)\\}`).exec(css)?.[1] ?? '';
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((match) => [match[1], match[2]]),
  );
}

const themes = {
  dark: colours('[data-theme="dark"]'),
  light: colours('[data-theme="light"]'),
  contrast: colours('[data-theme="contrast"]'),
};
const series = Object.entries(colours(':root'))
  .filter(([name]) => name.startsWith('series-'))
  .map(([, hex]) => hex);

type Rgb = [number, number, number];

function linear(hex: string): Rgb {
  const channel = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

/** WCAG 2 contrast ratio. */
function contrast(one: string, other: string): number {
  const luminance = ([r, g, b]: Rgb): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;
  const [low = 0, high = 0] = [luminance(linear(one)), luminance(linear(other))].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** Severe deficiency in linear RGB: Machado, Oliveira and Fernandes, 2009. */
const visions: Record<string, number[]> = {
  normal: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
};

function seen(hex: string, matrix: number[]): Rgb {
  const [r, g, b] = linear(hex);
  const row = (at: number): number =>
    Math.min(1, Math.max(0, matrix[at]! * r + matrix[at + 1]! * g + matrix[at + 2]! * b));
  return [row(0), row(3), row(6)];
}

/** Distance in OKLab; 0.02 is about the smallest that is noticed side by side. */
function distance(one: Rgb, other: Rgb): number {
  const lab = ([r, g, b]: Rgb): Rgb => {
    const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return [
      0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
      1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
      0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
    ];
  };
  const [a, b] = [lab(one), lab(other)];
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

describe.each(Object.entries(themes))('%s', (name, theme) => {
  const surfaces = [theme.bg!, theme['bg-raised']!, theme['bg-sunken']!];

  test('text reads on every surface', () => {
    for (const text of ['fg', 'fg-muted', 'ok', 'warn', 'bad', 'info', 'accent-fg']) {
      for (const surface of surfaces)
        expect(contrast(theme[text]!, surface), `${text} on ${surface}`).toBeGreaterThan(4.5);
    }
    for (const surface of [...surfaces, theme['bg-hover']!]) {
      expect(contrast(theme['fg-faint']!, surface), `fg-faint on ${surface}`).toBeGreaterThan(4.5);
    }
    for (const surface of [theme['bg-hover']!, theme['bg-active']!, theme['bg-selected']!]) {
      expect(contrast(theme['fg-muted']!, surface), `fg-muted on ${surface}`).toBeGreaterThan(4.5);
    }
    for (const status of ['ok', 'warn', 'bad', 'info']) {
      expect(contrast(theme[status]!, theme[`${status}-soft`]!), `${status} on its soft`).toBeGreaterThan(
        4.5,
      );
    }
    expect(contrast(theme['accent-fg']!, theme['accent-soft']!)).toBeGreaterThan(4.5);
    expect(contrast(theme['fg-on-accent']!, theme.accent!)).toBeGreaterThan(4.5);
  });

  test('edges of controls and the focus ring are seen', () => {
    for (const surface of surfaces) {
      expect(contrast(theme['line-strong']!, surface)).toBeGreaterThan(3);
      expect(contrast(theme.accent!, surface)).toBeGreaterThan(3);
    }
  });

  test('every series is seen on page and panel', () => {
    for (const colour of series) {
      for (const surface of surfaces.slice(0, 2)) {
        expect(contrast(colour, surface), `${colour} on ${name} ${surface}`).toBeGreaterThan(3);
      }
    }
  });

  test('has the same names as the others', () => {
    expect(Object.keys(theme).sort()).toEqual(Object.keys(themes.dark).sort());
  });
});

test.each(Object.entries(visions))('12 series are told apart with %s vision', (vision, matrix) => {
  expect(series).toHaveLength(12);
  const least = vision === 'normal' ? 0.09 : 0.05;
  for (const [index, one] of series.entries()) {
    for (const other of series.slice(index + 1)) {
      expect(distance(seen(one, matrix), seen(other, matrix)), `${one} and ${other}`).toBeGreaterThan(least);
    }
  }
});

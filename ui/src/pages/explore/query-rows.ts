import type { AppSearch } from '../../lib/search-params.ts';

/** The queries of the page as they stand in the address: `q` is A, `qb` is B and so on; `off=b,c` lists the hidden ones. */

export const letters = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J'] as const;
export type Letter = (typeof letters)[number];

export interface QueryRow {
  readonly letter: Letter;
  readonly expr: string;
  readonly isHidden: boolean;
}

/** Longest expression in the address, in characters of the address: servers refuse longer ones. */
export const longestInAddress = 3500;

export function keyOf(letter: Letter): string {
  return letter === 'A' ? 'q' : `q${letter.toLowerCase()}`;
}

/** Letters of the hidden rows. */
export function hiddenLetters(search: AppSearch): ReadonlySet<string> {
  return new Set((search.off ?? '').toUpperCase().split(','));
}

export function readRows(search: AppSearch): readonly QueryRow[] {
  const off = hiddenLetters(search);
  return letters
    .filter((letter) => search[keyOf(letter)] !== undefined)
    .map((letter) => ({ letter, expr: search[keyOf(letter)]!, isHidden: off.has(letter) }));
}

/** Changes of the address that make it say these rows. Rows without text, and rows too long for it, are left out. */
export function rowsPatch(rows: readonly QueryRow[]): Record<string, string | null> {
  const patch: Record<string, string | null> = {};
  for (const letter of letters) {
    const row = rows.find((one) => one.letter === letter);
    const fits = row !== undefined && row.expr.trim() !== '' && fitsAddress(row.expr);
    patch[keyOf(letter)] = fits ? row.expr : null;
  }
  const off = rows.filter((row) => row.isHidden).map((row) => row.letter.toLowerCase());
  patch.off = off.length === 0 ? null : off.join(',');
  return patch;
}

export function fitsAddress(expr: string): boolean {
  return expr.length <= longestInAddress && encodeURIComponent(expr).length <= longestInAddress;
}

/** The first letter nobody has; null when all are taken. */
export function freeLetter(rows: readonly { readonly letter: Letter }[]): Letter | null {
  return letters.find((letter) => rows.every((row) => row.letter !== letter)) ?? null;
}

/** Position of a letter, from 0: its colour in the palette. */
export function letterIndex(letter: Letter): number {
  return letters.indexOf(letter);
}

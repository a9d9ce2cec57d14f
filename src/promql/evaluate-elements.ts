import type { NativeHistogram } from '../model/native-histogram.ts';
import type { BinaryOp, PositionRange } from './ast.ts';
import type { Annotator } from './functions/index.ts';
import {
  addHistograms,
  asGauge,
  divideHistogram,
  histogramsEqual,
  scaleHistogram,
  subtractHistograms,
  trimHistogram,
} from './histogram/index.ts';

/** Operators that work on two samples. */
export type ElementOp = Exclude<BinaryOp, 'and' | 'or' | 'unless'>;
export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
export type ComparisonOp = '==' | '!=' | '<' | '>' | '<=' | '>=';

/** As Go's `math.Pow`, which differs from JavaScript's where the base is 1 or -1. */
function power(base: number, exponent: number): number {
  if (base === 1) return 1;
  const isInfinite = exponent === Number.POSITIVE_INFINITY || exponent === Number.NEGATIVE_INFINITY;
  return base === -1 && isInfinite ? 1 : base ** exponent;
}

export const ARITHMETIC: Readonly<Record<ArithmeticOp, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': power,
  atan2: Math.atan2,
};

export const COMPARISONS: Readonly<Record<ComparisonOp, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
};

export function isArithmetic(op: BinaryOp): op is ArithmeticOp {
  return Object.hasOwn(ARITHMETIC, op);
}

export function isComparison(op: BinaryOp): op is ComparisonOp {
  return Object.hasOwn(COMPARISONS, op);
}

/** A sample: a histogram, or a float. */
export interface Element {
  readonly value: number;
  readonly histogram: NativeHistogram | undefined;
}

/** What an operator makes of two samples. */
export interface ElementResult extends Element {
  /** False when a comparison does not hold. */
  readonly keeps: boolean;
}

interface Note {
  readonly level: 'warn' | 'info';
  readonly message: string;
}

/** Combines single samples, floats or histograms, and notes what the user should know. */
export class ElementOperator {
  readonly #op: ElementOp;
  readonly #annotate: Annotator;
  readonly #pos: PositionRange;
  /** Of several notes at one moment only the last one is shown, as in Prometheus. */
  readonly #notes = new Map<number, Note>();

  constructor(op: ElementOp, annotate: Annotator, pos: PositionRange) {
    this.#op = op;
    this.#annotate = annotate;
    this.#pos = pos;
  }

  /** Undefined when there is no result. @param i the moment, for notes. */
  combine(left: Element, right: Element, i: number): ElementResult | undefined {
    if (left.histogram === undefined && right.histogram === undefined)
      return this.#ofFloats(left.value, right.value, i);
    if (left.histogram !== undefined && right.histogram !== undefined)
      return this.#ofHistograms(left.histogram, right.histogram, i);
    return this.#ofMix(left, right, i);
  }

  /** Hands the notes to the annotator. */
  finish(): void {
    for (const { level, message } of this.#notes.values()) this.#annotate[level](message, this.#pos);
  }

  #ofFloats(left: number, right: number, i: number): ElementResult | undefined {
    const op = this.#op;
    if (isArithmetic(op)) return { value: ARITHMETIC[op](left, right), histogram: undefined, keeps: true };
    if (isComparison(op)) return { value: left, histogram: undefined, keeps: COMPARISONS[op](left, right) };
    return this.#incompatible(i, 'float', 'float');
  }

  #ofMix(left: Element, right: Element, i: number): ElementResult | undefined {
    const op = this.#op;
    if (left.histogram === undefined) {
      return op === '*'
        ? kept(scaleHistogram(right.histogram!, left.value))
        : this.#incompatible(i, 'float', 'histogram');
    }
    if (op === '*') return kept(scaleHistogram(left.histogram, right.value));
    if (op === '/') return kept(divideHistogram(left.histogram, right.value));
    if (op === '</' || op === '>/') return kept(trimHistogram(left.histogram, op, right.value));
    return this.#incompatible(i, 'histogram', 'float');
  }

  #ofHistograms(left: NativeHistogram, right: NativeHistogram, i: number): ElementResult | undefined {
    const op = this.#op;
    if (op === '==' || op === '!=') {
      const isEqual = histogramsEqual(left, right);
      return { value: Number.NaN, histogram: left, keeps: isEqual === (op === '==') };
    }
    if (op !== '+' && op !== '-') return this.#incompatible(i, 'histogram', 'histogram');
    const outcome = op === '+' ? addHistograms(left, right) : subtractHistograms(left, right);
    if (outcome.kind === 'incompatible') {
      this.#note(i, 'warn', `incompatible bucket layout encountered for binary operator ${op}`);
      return undefined;
    }
    const done = op === '+' ? 'addition' : 'subtraction';
    if (outcome.hasResetCollision) {
      this.#note(i, 'warn', `conflicting counter resets during histogram ${done}`);
      return undefined;
    }
    if (outcome.hasReconciledBounds)
      this.#note(i, 'info', `mismatched custom buckets were reconciled during ${done}`);
    return kept(op === '+' ? outcome.histogram : asGauge(outcome.histogram));
  }

  #incompatible(i: number, left: string, right: string): undefined {
    const op = this.#op;
    const types = `${left} ${op} ${right}`;
    this.#note(i, 'info', `incompatible sample types encountered for binary operator "${op}": ${types}`);
  }

  #note(i: number, level: Note['level'], message: string): void {
    this.#notes.set(i, { level, message });
  }
}

function kept(histogram: NativeHistogram): ElementResult {
  return { value: Number.NaN, histogram, keeps: true };
}

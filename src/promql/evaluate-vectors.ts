import type { Labels } from '../model/labels.ts';
import type { NativeHistogram } from '../model/native-histogram.ts';
import { executionError } from './evaluate-budget.ts';
import { SAME_LABELSET } from './evaluate-labels.ts';
import { RowWriter } from './evaluate-rows.ts';
import type { EvalScope, GridSeries } from './evaluate-types.ts';
import type { StepSample } from './functions/index.ts';

/** A sample of a vector that is used again at the next moment. */
class MovingSample implements StepSample {
  readonly labels: Labels;
  readonly dropsName: boolean;
  value = 0;
  histogram: NativeHistogram | undefined;

  constructor({ labels, dropsName }: GridSeries) {
    this.labels = labels;
    this.dropsName = dropsName;
  }
}

/** Shows a grid of series one moment at a time. */
export class VectorReader {
  readonly #series: readonly GridSeries[];
  readonly #samples: readonly MovingSample[];

  constructor(series: readonly GridSeries[]) {
    this.#series = series;
    this.#samples = series.map((one) => new MovingSample(one));
  }

  get size(): number {
    return this.#series.length;
  }

  /** The samples at a moment. They change with the next call. */
  at(i: number): StepSample[] {
    const vector: StepSample[] = [];
    for (let s = 0; s < this.#series.length; s++) {
      const { values, present, histograms } = this.#series[s]!;
      if (present[i] === 0) continue;
      const sample = this.#samples[s]!;
      const histogram = histograms?.[i];
      sample.histogram = histogram;
      sample.value = histogram === undefined ? values[i]! : Number.NaN;
      vector.push(sample);
    }
    return vector;
  }
}

interface Built {
  readonly labels: Labels;
  readonly dropsName: boolean;
  readonly row: RowWriter;
  lastStep: number;
}

/** Puts a grid of series together from the samples of one moment after the other; series of equal labels are one. */
export class VectorBuilder {
  readonly #scope: EvalScope;
  readonly #byLabels = new Map<Labels, Built>();
  readonly #byKey = new Map<string, Built>();
  readonly #repeats: Built[] = [];
  readonly #allowsSame: boolean;

  constructor(scope: EvalScope) {
    this.#scope = scope;
    this.#allowsSame = scope.env.options.hasDelayedNameRemoval && scope.grid.steps === 1;
  }

  /** Adds a sample at moment `i`. @throws BellwetherError `execution` when there is one with these labels already. */
  put(i: number, sample: StepSample): void {
    const { labels } = sample;
    let built = this.#byLabels.get(labels) ?? this.#byKey.get(labels.key);
    if (built === undefined) {
      built = this.#create(sample);
      this.#byKey.set(labels.key, built);
      this.#byLabels.set(labels, built);
    } else if (built.lastStep === i) {
      if (!this.#allowsSame) throw executionError(SAME_LABELSET);
      // Names that go away only at the end may still tell these apart; the end decides.
      built = this.#create(sample);
      this.#repeats.push(built);
    }
    built.lastStep = i;
    built.row.present[i] = 1;
    if (sample.histogram === undefined) built.row.values[i] = sample.value;
    else built.row.setHistogram(i, sample.histogram);
  }

  #create({ labels, dropsName }: StepSample): Built {
    const { env, grid } = this.#scope;
    env.budget.hold(0, grid.steps);
    return { labels, dropsName, row: new RowWriter(grid.steps), lastStep: -1 };
  }

  /** Series in the order in which they first came. */
  finish(): GridSeries[] {
    return [...this.#byKey.values(), ...this.#repeats].map(({ labels, dropsName, row }) => ({
      labels,
      dropsName,
      ...row.finish(),
    }));
  }
}

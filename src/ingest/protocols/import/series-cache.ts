import type { Labels } from '../../../model/labels.ts';
import { createSeriesRef, type MetricFacts, metadataKey, type SeriesRef } from '../../series-rows.ts';
import { ownText } from '../exposition/sink.ts';

const DEFAULT_CAPACITY = 100_000;
/** Longer keys are not kept. */
const MAX_KEY_LENGTH = 2048;

/** Metrics whose facts are kept. */
const MAX_FACTS = 20_000;

/** A series that samples can be written for, and whose it is. */
export interface ImportedSeries {
  readonly ref: SeriesRef;
  readonly job: string;
  readonly instance: string;
}

/** @param labels with `__name__`. */
export function createImportedSeries(labels: Labels): ImportedSeries {
  return { ref: createSeriesRef(labels), job: labels.get('job'), instance: labels.get('instance') };
}

/**
 * Series by the text they came as, so that a sender's labels are parsed and hashed once and not with every request. One per endpoint.
 *
 * Bounded by `capacity` series (about 1 kB each). When half of that is reached, the series not used since the last time are
 * forgotten, and made anew when they come back.
 */
export class SeriesCache {
  readonly #generationSize: number;
  #current = new Map<string, ImportedSeries>();
  #previous = new Map<string, ImportedSeries>();
  readonly #facts = new Map<string, { readonly facts: MetricFacts; readonly key: bigint }>();

  constructor(options: { readonly capacity?: number } = {}) {
    this.#generationSize = Math.max(1, Math.floor((options.capacity ?? DEFAULT_CAPACITY) / 2));
  }

  get size(): number {
    return this.#current.size + this.#previous.size;
  }

  get(key: string): ImportedSeries | undefined {
    const known = this.#current.get(key);
    if (known !== undefined) return known;
    const older = this.#previous.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: string, series: ImportedSeries): void {
    if (key.length > MAX_KEY_LENGTH) return;
    if (this.#current.size >= this.#generationSize) {
      this.#previous = this.#current;
      this.#current = new Map();
    }
    this.#previous.delete(key);
    this.#current.set(ownText(key), series);
  }

  /** Key of the metadata row of these facts, computed once as long as they stay the same. */
  metadataKey(facts: MetricFacts): bigint {
    const known = this.#facts.get(facts.metric);
    const isSame = known?.facts.type === facts.type && known.facts.unit === facts.unit;
    if (isSame && known.facts.help === facts.help) return known.key;
    const key = metadataKey(facts);
    if (this.#facts.size >= MAX_FACTS) this.#facts.clear();
    const metric = ownText(facts.metric);
    this.#facts.set(metric, { facts: { ...facts, metric, help: ownText(facts.help) }, key });
    return key;
  }
}

import {
  type MetricFacts,
  type MetricType,
  metadataKey,
  ownText,
  type SeriesRef,
} from '../../ingest/index.ts';

/** A series of a target; `ref` undefined: relabelling drops it. */
export interface SeriesState {
  readonly ref: SeriesRef | undefined;
  /** Number of the last scrape that had it. */
  seenIn: number;
  /** Time of its last sample with a time of its own. */
  explicitMs: number;
  /** Appeared in a scrape before, and has not disappeared since. */
  isKnown: boolean;
  /** Its samples are native histograms. */
  isHistogram: boolean;
  /** The exemplars of the last scrape; one that stays on the page is stored once. */
  exemplars: readonly string[];
}

/** What a family says of itself. */
export interface FamilyState {
  facts: MetricFacts;
  /** Undefined until computed after a change. */
  key: bigint | undefined;
  seenIn: number;
}

/** More texts or families than this beyond twice those of the last scrape, and the ones it did not have are forgotten. */
const SLACK = 200;

/**
 * What is remembered of a target from one scrape to the next: series by the text of the page, so that an unchanged series costs no work
 * on labels, and which series it had, so that the end of one is noticed. Holds at most about twice what the last page had.
 */
export class SeriesCache {
  #texts = new Map<string, SeriesState>();
  #byId = new Map<bigint, SeriesState>();
  #families = new Map<string, FamilyState>();
  /** Series whose disappearance will be noticed. */
  #previous: SeriesState[] = [];
  #current: SeriesState[] = [];
  #textsSeen = 0;
  scrape = 0;

  /** Begins a scrape; what a scrape that failed had noted is forgotten. */
  begin(): void {
    this.scrape++;
    this.#current = [];
    this.#textsSeen = 0;
  }

  lookup(seriesText: string): SeriesState | undefined {
    this.#textsSeen++;
    return this.#texts.get(seriesText);
  }

  /** @param ref of the labels the text came to; undefined when it was dropped. */
  add(seriesText: string, ref: SeriesRef | undefined): SeriesState {
    const state = (ref === undefined ? undefined : this.#byId.get(ref.id)) ?? newState(ref);
    this.#texts.set(ownText(seriesText), state);
    if (ref !== undefined) this.#byId.set(ref.id, state);
    return state;
  }

  /** From now on the end of the series is noticed. */
  track(state: SeriesState): void {
    this.#current.push(state);
  }

  /** Tracked before and not in this scrape. */
  *disappeared(): Generator<SeriesState> {
    for (const state of this.#previous) if (state.seenIn !== this.scrape) yield state;
  }

  /** Everything that is tracked. */
  get tracked(): readonly SeriesState[] {
    return this.#previous;
  }

  /** Series that may be under one of these ids are continued here. */
  has(id: bigint): boolean {
    return this.#byId.has(id);
  }

  /** Takes over what another cache of the same target tracks. */
  adopt(other: SeriesCache): void {
    this.#previous = other.#previous.map((state) => {
      const own = { ...state, seenIn: 0 };
      this.#byId.set(own.ref!.id, own);
      return own;
    });
  }

  family(metric: string): FamilyState {
    let family = this.#families.get(metric);
    if (family === undefined) {
      const name = ownText(metric);
      family = { facts: { metric: name, type: '', unit: '', help: '' }, key: undefined, seenIn: 0 };
      this.#families.set(name, family);
    }
    family.seenIn = this.scrape;
    return family;
  }

  /** Families of this scrape, with their keys. */
  *familiesSeen(): Generator<FamilyState & { key: bigint }> {
    for (const family of this.#families.values()) {
      if (family.seenIn !== this.scrape) continue;
      family.key ??= metadataKey(family.facts);
      yield family as FamilyState & { key: bigint };
    }
  }

  /** Everything known about families, last scrape or not. */
  metadata(): readonly MetricFacts[] {
    return [...this.#families.values()].map(({ facts }) => facts);
  }

  metadataOf(metric: string): MetricFacts | undefined {
    return this.#families.get(metric)?.facts;
  }

  /** Ends a scrape whose page was good. */
  finish(): void {
    for (const state of this.disappeared()) state.isKnown = false;
    this.#previous = this.#current;
    this.#current = [];
    this.#sweep();
  }

  /** Ends a scrape without a page: nothing is there any more. */
  finishEmpty(): void {
    this.#previous = [];
    this.#current = [];
  }

  get size(): number {
    return this.#texts.size;
  }

  #sweep(): void {
    if (this.#texts.size > 2 * this.#textsSeen + SLACK) {
      for (const [text, state] of this.#texts) if (state.seenIn !== this.scrape) this.#texts.delete(text);
      for (const [id, state] of this.#byId) if (state.seenIn !== this.scrape) this.#byId.delete(id);
      // A page that writes the same series in ever new ways.
      if (this.#texts.size > 2 * this.#textsSeen + SLACK) this.#texts.clear();
    }
    let seen = 0;
    for (const family of this.#families.values()) if (family.seenIn === this.scrape) seen++;
    if (this.#families.size <= 2 * seen + SLACK) return;
    for (const [metric, family] of this.#families)
      if (family.seenIn !== this.scrape) this.#families.delete(metric);
  }
}

function newState(ref: SeriesRef | undefined): SeriesState {
  return {
    ref,
    seenIn: 0,
    explicitMs: Number.NaN,
    isKnown: false,
    isHistogram: false,
    exemplars: [],
  };
}

/** Sets a fact of a family; the key is computed anew when it changed. */
export function setFact(
  family: FamilyState,
  facts: { readonly type?: MetricType; readonly help?: string; readonly unit?: string },
): void {
  const { type = family.facts.type, help = family.facts.help, unit = family.facts.unit } = facts;
  if (type === family.facts.type && help === family.facts.help && unit === family.facts.unit) return;
  family.facts = { metric: family.facts.metric, type, help, unit };
  family.key = undefined;
}

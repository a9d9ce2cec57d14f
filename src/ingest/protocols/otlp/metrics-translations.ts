import type { DecodeContext, IngestLimits, StreamRegistry } from '../../types.ts';
import { KeyCache, type KeySource } from './metrics-key-cache.ts';
import { type OrRefusal, type ResourceLabels, resourceLabels, scopeInfoLabels } from './metrics-labels.ts';
import {
  createFamily,
  InfoSeries,
  type MetricFamily,
  type MetricHeader,
  type PointSeries,
} from './metrics-series.ts';
import type { Stream } from './streams.ts';

export interface ResourceContext {
  /** Space of the keys below it. */
  readonly space: number;
  readonly labels: ResourceLabels;
  readonly targetInfo: InfoSeries | undefined;
}

export interface FamilyContext {
  readonly space: number;
  readonly family: MetricFamily;
  readonly resource: ResourceContext;
}

/** The scope's info series, if it has a name. */
export interface ScopeContext {
  readonly info: InfoSeries | undefined;
}

/**
 * What is remembered from request to request, so that a point that comes again costs a look-up and not a translation. About
 * 1 to 2 KB per series in use; at the bounds what was not used lately is translated anew.
 */
export class Translations {
  readonly resources = new KeyCache<ResourceContext>({ entries: 2_000, keyBytes: 4_000_000 });
  readonly scopes = new KeyCache<ScopeContext>({ entries: 2_000, keyBytes: 1_000_000 });
  readonly families = new KeyCache<FamilyContext>({ entries: 20_000, keyBytes: 4_000_000 });
  readonly points = new KeyCache<OrRefusal<PointSeries>>({ entries: 50_000, keyBytes: 16_000_000 });
  readonly #limits: Pick<IngestLimits, 'attributesPerRecord' | 'valueDepth'>;
  #spaces = 2;

  constructor(limits: IngestLimits) {
    this.#limits = limits;
  }

  /** Translations depend on these limits; with others they must be made anew. */
  fits(limits: IngestLimits): boolean {
    return (
      this.#limits.attributesPerRecord === limits.attributesPerRecord &&
      this.#limits.valueDepth === limits.valueDepth
    );
  }

  resource(space: ResourceSpace, key: KeyRange, stream: Stream): ResourceContext {
    const known = this.resources.get(space, key.source, key.start, key.end);
    if (known !== undefined) return known;
    const labels = resourceLabels(stream.origin.resource);
    const targetInfo = labels.targetInfo && new InfoSeries('target_info', TARGET_HELP, labels.targetInfo);
    const made = { space: this.#spaces++, labels, targetInfo };
    this.resources.set(space, key.source, key.start, key.end, made);
    return made;
  }

  scope(resource: ResourceContext, key: KeyRange, stream: Stream): ScopeContext {
    const known = this.scopes.get(resource.space, key.source, key.start, key.end);
    if (known !== undefined) return known;
    const labels = scopeInfoLabels(stream, resource.labels);
    const made = { info: labels && new InfoSeries('otel_scope_info', SCOPE_HELP, labels) };
    this.scopes.set(resource.space, key.source, key.start, key.end, made);
    return made;
  }

  family(resource: ResourceContext, key: KeyRange, header: () => MetricHeader): FamilyContext {
    const known = this.families.get(resource.space, key.source, key.start, key.end);
    if (known !== undefined) return known;
    const made = { space: this.#spaces++, family: createFamily(header()), resource };
    this.families.set(resource.space, key.source, key.start, key.end, made);
    return made;
  }
}

export interface KeyRange {
  readonly source: KeySource;
  readonly start: number;
  readonly end: number;
}

/** Resources are keyed by their bytes, which differ between the encodings. */
export type ResourceSpace = typeof PROTOBUF_SPACE | typeof JSON_SPACE;
export const PROTOBUF_SPACE = 0;
export const JSON_SPACE = 1;

const TARGET_HELP = 'Attributes of the resource that sends metrics.';
const SCOPE_HELP = 'Instrumentation scopes that a resource sends metrics of.';

const translationsOf = new WeakMap<StreamRegistry, Translations>();

/** The translations that belong to a context: they live as long as its registry. */
export function translationsFor({ streams, limits }: DecodeContext): Translations {
  const known = translationsOf.get(streams);
  if (known?.fits(limits)) return known;
  const made = new Translations(limits);
  translationsOf.set(streams, made);
  return made;
}

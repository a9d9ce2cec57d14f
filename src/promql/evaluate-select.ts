import type { AtModifier, Duration, Expr, MatrixSelector, Subquery, VectorSelector } from './ast.ts';
import type { EngineOptions } from './engine-types.ts';
import type { Grid, QueryBounds } from './evaluate-types.ts';
import type { SampleSource, SelectContext, Selection, SelectRequest } from './source.ts';

/** Moments between which something is evaluated, both inclusive. */
interface Moments {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A duration after planning: all expressions in it have been replaced. */
export function durationMs(duration: Duration | undefined): number {
  if (duration === undefined) return 0;
  if (duration.kind !== 'constant') throw new Error('a duration expression was not resolved');
  return duration.ms;
}

/** The moment of an `@` modifier. */
export function atMs(at: AtModifier, query: QueryBounds): number {
  if (at.kind === 'time') return at.ms;
  return at.kind === 'start' ? query.startMs : query.endMs;
}

/** The moments at which the inside of a subquery is evaluated, or undefined when there are none. */
export function subqueryGrid(
  node: Subquery,
  outer: Moments,
  query: QueryBounds,
  defaultStepMs: number,
): Grid | undefined {
  const moments = node.at === undefined ? outer : fixedAt(node.at, query);
  const offsetMs = durationMs(node.offset);
  const stepMs = node.step === undefined ? defaultStepMs : durationMs(node.step);
  const afterMs = moments.fromMs - offsetMs - durationMs(node.range);
  const startMs = (Math.floor(afterMs / stepMs) + 1) * stepMs;
  const endMs = moments.toMs - offsetMs;
  return endMs < startMs ? undefined : { startMs, stepMs, steps: Math.floor((endMs - startMs) / stepMs) + 1 };
}

function fixedAt(at: AtModifier, query: QueryBounds): Moments {
  const ms = atMs(at, query);
  return { fromMs: ms, toMs: ms };
}

export function lastMs(grid: Grid): number {
  return grid.startMs + (grid.steps - 1) * grid.stepMs;
}

interface Planned {
  readonly request: SelectRequest;
  readonly nodes: VectorSelector[];
}

/** Finds out what each selector of an expression needs. Equal needs are one request. */
export class SelectPlanner {
  readonly #options: EngineOptions;
  readonly #query: QueryBounds;
  readonly #requests = new Map<string, Planned>();

  constructor(options: EngineOptions, query: QueryBounds) {
    this.#options = options;
    this.#query = query;
  }

  get requests(): readonly Planned[] {
    return [...this.#requests.values()];
  }

  visit(node: Expr, moments: Moments): void {
    switch (node.kind) {
      case 'number':
      case 'string':
        return;
      case 'vector_selector': {
        const at = this.#fixed(node.at, moments);
        const newestOnly = at.fromMs === at.toMs && node.extension === undefined;
        this.#add(node, { ...instantNeed(node, at, this.#options.lookbackMs), newestOnly });
        return;
      }
      case 'matrix_selector':
        this.#add(
          node.vector,
          rangeNeed(node, this.#fixed(node.vector.at, moments), this.#options.lookbackMs),
        );
        return;
      case 'subquery': {
        const grid = subqueryGrid(node, moments, this.#query, this.#options.subqueryStepMs);
        if (grid !== undefined) this.visit(node.expr, { fromMs: grid.startMs, toMs: lastMs(grid) });
        return;
      }
      case 'binary':
        this.visit(node.left, moments);
        this.visit(node.right, moments);
        return;
      case 'call':
        // The second argument of `info` only says which labels are wanted.
        for (const arg of node.name === 'info' ? node.args.slice(0, 1) : node.args) this.visit(arg, moments);
        return;
      case 'aggregate':
        if (node.param !== undefined) this.visit(node.param, moments);
        this.visit(node.expr, moments);
        return;
      default:
        this.visit(node.expr, moments);
    }
  }

  #fixed(at: AtModifier | undefined, moments: Moments): Moments {
    return at === undefined ? moments : fixedAt(at, this.#query);
  }

  #add(node: VectorSelector, { fromMs, toMs, newestOnly }: Moments & { newestOnly?: boolean }): void {
    const key = JSON.stringify([
      fromMs,
      toMs,
      newestOnly,
      ...node.matchers.map((m) => [m.name, m.type, m.value]),
    ]);
    const known = this.#requests.get(key);
    if (known === undefined)
      this.#requests.set(key, {
        request: { matchers: node.matchers, fromMs, toMs, newestOnly },
        nodes: [node],
      });
    else known.nodes.push(node);
  }
}

/** The lookback's left edge does not count, hence the one millisecond. */
function instantNeed(node: VectorSelector, { fromMs, toMs }: Moments, lookbackMs: number): Moments {
  const offsetMs = durationMs(node.offset);
  const aheadMs = node.extension === 'smoothed' ? lookbackMs : 0;
  return { fromMs: fromMs - offsetMs - lookbackMs + 1, toMs: toMs - offsetMs + aheadMs };
}

function rangeNeed(node: MatrixSelector, { fromMs, toMs }: Moments, lookbackMs: number): Moments {
  const offsetMs = durationMs(node.vector.offset);
  const { extension } = node.vector;
  const behindMs = extension === undefined ? 0 : lookbackMs;
  const aheadMs = extension === 'smoothed' ? lookbackMs : 0;
  return {
    fromMs: fromMs - offsetMs - durationMs(node.range) - behindMs + 1,
    toMs: toMs - offsetMs + aheadMs,
  };
}

/** Asks the source for everything at once. Series come in the order of their keys, so that sums do not depend on the source's order. */
export async function selectAll(
  requests: readonly Planned[],
  source: SampleSource,
  context: SelectContext,
): Promise<Map<VectorSelector, Selection>> {
  const selections = new Map<VectorSelector, Selection>();
  await Promise.all(
    requests.map(async ({ request, nodes }) => {
      const selection = inOrder(await source.select(request, context));
      for (const node of nodes) selections.set(node, selection);
    }),
  );
  return selections;
}

/** The same selection with its series in an order that depends on nothing but their labels. */
export function inOrder(selection: Selection): Selection {
  const series = [...selection.series].sort((a, b) =>
    a.labels.key < b.labels.key ? -1 : a.labels.key > b.labels.key ? 1 : 0,
  );
  return { series, stats: selection.stats };
}

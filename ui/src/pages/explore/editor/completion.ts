import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import {
  type CompleteStrategy,
  newCompleteStrategy,
  type PrometheusClient,
} from '@prometheus-io/codemirror-promql';
import { EqlRegex, EqlSingle, Neq, NeqRegex } from '@prometheus-io/lezer-promql';
import type { QueryClient } from '@tanstack/react-query';
import { completionReads, type Metadata } from '../metric-queries.ts';
import { labelText, selectorOf } from '../series-text.ts';

/** Metrics offered at once. With more, those that fit what is typed are picked before the list is made, at every letter anew. */
export const mostOffered = 1000;
/** Metrics up to which type and help are shown beside each name. */
const mostWithHelp = 50_000;

/** The server as the editor's completion wants it, read through the page's cache. Failures complete nothing and say nothing. */
export function completionClient(queryClient: QueryClient): PrometheusClient & { typed: string } {
  const read = completionReads(queryClient);
  const orEmpty = <T>(promise: Promise<readonly T[]>): Promise<T[]> =>
    promise.then(
      (list) => [...list],
      () => [], // offline or refused: running the query tells the reader
    );
  return {
    /** What stands before the cursor; narrows long lists of names. */
    typed: '',
    async metricNames() {
      return pickNames(await orEmpty(read.names()), this.typed);
    },
    labelNames: (metric) => orEmpty(read.labels(metric ? selectorOf(metric) : '')),
    labelValues(label, metric, matchers = []) {
      const others = matchers
        // The value is the text between the quotes as it was written, so it is still escaped.
        .filter((one) => one.value !== '' && one.name !== label && !/[^\\]"|^"/.test(one.value))
        .map((one) => `${labelText(one.name)}${matchSigns.get(one.type) ?? '='}"${one.value}"`);
      const selector = metric
        ? selectorOf(metric, others)
        : others.length > 0
          ? `{${others.join(', ')}}`
          : '';
      return orEmpty(read.values(label, selector));
    },
    async metricMetadata() {
      try {
        return completionFacts(await read.metadata());
      } catch {
        return {}; // names without help are still names
      }
    },
    series: async () => [],
    flags: async () => ({}),
  };
}

type CompletionFacts = Record<string, { type: string; help: string }[]>;

const factsByMetadata = new WeakMap<Metadata, CompletionFacts>();

/** Facts as the package wants them. Made once for each reading: there may be tens of thousands, and this is asked at every letter. */
function completionFacts(metadata: Metadata): CompletionFacts {
  const known = factsByMetadata.get(metadata);
  if (known !== undefined) return known;
  const made = Object.fromEntries([...metadata].map(([name, { type, help }]) => [name, [{ type, help }]]));
  factsByMetadata.set(metadata, made);
  return made;
}

const matchSigns: ReadonlyMap<number, string> = new Map([
  [EqlSingle, '='],
  [Neq, '!='],
  [EqlRegex, '=~'],
  [NeqRegex, '!~'],
]);

/** Names that can match what is typed: first the very name, then those that begin with it, then those that hold it, then those with its letters in order. */
export function pickNames(names: readonly string[], typed: string): string[] {
  if (names.length <= mostOffered) return [...names];
  const wanted = typed.toLowerCase();
  const ranks: string[][] = [[], [], [], []];
  for (const name of names) {
    const low = name.toLowerCase();
    const at = low.indexOf(wanted);
    const rank = low === wanted ? 0 : at === 0 ? 1 : at > 0 ? 2 : hasLettersInOrder(low, wanted) ? 3 : -1;
    if (rank >= 0 && ranks[rank]!.length < mostOffered) ranks[rank]!.push(name);
  }
  return ranks.flat().slice(0, mostOffered);
}

function hasLettersInOrder(text: string, letters: string): boolean {
  let at = -1;
  for (const letter of letters) {
    at = text.indexOf(letter, at + 1);
    if (at < 0) return false;
  }
  return true;
}

/** Prometheus's completion over our client. Lists that were narrowed are made anew at every letter. */
export function completion(queryClient: QueryClient): CompleteStrategy {
  const client = completionClient(queryClient);
  const inner = newCompleteStrategy({ remote: client, maxMetricsMetadata: mostWithHelp });
  return {
    async promQL(context: CompletionContext): Promise<CompletionResult | null> {
      client.typed = context.matchBefore(/[\w:.]*/)?.text ?? '';
      const result = await inner.promQL(context);
      if (result === null || result.options.length < mostOffered) return result;
      return { ...result, validFor: undefined };
    },
  };
}

import { List, Struct, stringDict, type TypeInfo } from '../values.ts';

/** One element of a query's result, as templates see it. */
export const SAMPLE: TypeInfo = { name: 'template.sample', methods: new Map() };
/** The result of a query. */
export const SAMPLES: TypeInfo = { name: 'template.queryResult', methods: new Map() };

/** What a query gives: labels with `__name__` among them, and a number, or a histogram as text. */
export interface QuerySample {
  readonly labels: { entries(): Iterable<readonly [string, string]> };
  readonly value: number | string;
}

export function samplesOf(samples: readonly QuerySample[]): List {
  return new List(
    samples.map(
      ({ labels, value }) =>
        new Struct(
          SAMPLE,
          new Map<string, ReturnType<typeof stringDict> | number | string>([
            ['Labels', stringDict(labels.entries())],
            ['Value', value],
          ]),
        ),
    ),
    SAMPLES,
  );
}

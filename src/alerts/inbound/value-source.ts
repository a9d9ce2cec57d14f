import { z } from 'zod';
import { text } from '../../prom-config/index.ts';
import {
  ALERTMANAGER_FUNCTIONS,
  compileTemplates,
  type TemplateError,
  toValue,
  type Value,
} from '../../templates/index.ts';
import { type Payload, parsePath, scalarText, valueAt } from './payload.ts';

/** One item of a payload, as templates and paths see it. */
export interface MappedItem {
  readonly item: Payload;
  readonly nowMs: number;
  /** The item and the whole payload for templates; made once, when first needed. */
  readonly data: () => { readonly item: Value; readonly root: Value };
}

/** Where a value comes from: a path such as `monitor.name` or `/monitor/name`, or a Go template. */
export interface ValueSource {
  readonly written: string;
  /** The text; undefined when there is none. `error` says why a template gave none. */
  read(from: MappedItem): Promise<{ readonly text: string | undefined; readonly error?: TemplateError }>;
}

const templates = compileTemplates([], { functions: ALERTMANAGER_FUNCTIONS });
/** What Go prints for values that are not there. */
const NOTHING = new Set(['<no value>', '<nil>']);
const MAX_VALUE_LENGTH = 32_768;

/** Schema of a source in the configuration. */
export const valueSource = text.transform((written, context): ValueSource => {
  if (!written.includes('{{')) return pathSource(written);
  const mistake = templates.check(written, { name: 'mapping', variables: ['root'] });
  if (mistake === undefined) return templateSource(written);
  context.addIssue({ code: 'custom', message: mistake.message });
  return z.NEVER;
});

function pathSource(written: string): ValueSource {
  const path = parsePath(written);
  return {
    written,
    read: async ({ item }) => ({ text: asText(valueAt(item, path)) }),
  };
}

/** Lists and objects as JSON, for annotations that show them whole. */
function asText(value: unknown): string | undefined {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value).slice(0, MAX_VALUE_LENGTH);
  return scalarText(value);
}

function templateSource(written: string): ValueSource {
  return {
    written,
    async read({ data, nowMs }) {
      const { item, root } = data();
      const variables = new Map([['root', root]]);
      const rendered = await templates.renderOrExplain(written, item, { nowMs, variables, name: 'mapping' });
      if (rendered.error !== undefined) return { text: undefined, error: rendered.error };
      const trimmed = rendered.text.trim();
      return { text: trimmed === '' || NOTHING.has(trimmed) ? undefined : trimmed };
    },
  };
}

export function mappedItem(item: Payload, root: Payload, nowMs: number): MappedItem {
  let made: { item: Value; root: Value } | undefined;
  return {
    item,
    nowMs,
    data() {
      made ??= { item: toValue(withIntegers(item)), root: toValue(withIntegers(root)) };
      return made;
    },
  };
}

/** Whole numbers as Go's int: 1234567 must not be written 1.234567e+06. The depth was checked when the payload was read. */
function withIntegers(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(withIntegers);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, inner]) => [key, withIntegers(inner)]));
}

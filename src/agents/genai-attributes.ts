import type { Attributes } from '../model/telemetry.ts';
import { firstCountOf, firstTextOf, textOf } from './attributes.ts';
import type { PriceModifiers, RequestTokens } from './price-book.ts';

/** Names of the same figure over the versions of the GenAI conventions and in common instrumentations, newest first. */
const INPUT_KEYS = ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.usage.prompt_tokens'];
const OUTPUT_KEYS = [
  'gen_ai.usage.output_tokens',
  'gen_ai.usage.completion_tokens',
  'llm.usage.completion_tokens',
];
const CACHE_READ_KEYS = [
  'gen_ai.usage.cache_read.input_tokens',
  'gen_ai.usage.cache_read_input_tokens',
  'gen_ai.usage.cached_tokens',
];
const CACHE_WRITE_KEYS = [
  'gen_ai.usage.cache_write.input_tokens',
  'gen_ai.usage.cache_creation.input_tokens',
  'gen_ai.usage.cache_creation_input_tokens',
];
const CACHE_WRITE_1H_KEYS = ['anthropic.usage.cache_creation.ephemeral_1h_input_tokens'];

/**
 * Tokens of a span that follows the GenAI conventions, each kind once.
 *
 * There `input_tokens` is the whole prompt with everything read from or written to the cache. Some instrumentations pass the API's own
 * figure on, which is without the cache; it shows when the "whole" is smaller than its parts.
 */
export function conventionTokens(attributes: Attributes): RequestTokens {
  const sentInput = firstCountOf(attributes, INPUT_KEYS) ?? 0;
  const cacheRead = firstCountOf(attributes, CACHE_READ_KEYS) ?? 0;
  const cacheCreation = firstCountOf(attributes, CACHE_WRITE_KEYS) ?? 0;
  const cached = cacheRead + cacheCreation;
  return {
    input: sentInput >= cached ? sentInput - cached : sentInput,
    output: firstCountOf(attributes, OUTPUT_KEYS) ?? 0,
    cacheRead,
    cacheCreation,
    cacheCreation1h: firstCountOf(attributes, CACHE_WRITE_1H_KEYS) ?? 0,
  };
}

/** What of the price modifiers a record shows. */
export function priceModifiersOf(attributes: Attributes): PriceModifiers {
  const tier = firstTextOf(attributes, ['anthropic.response.service_tier', 'service_tier']);
  const geo = firstTextOf(attributes, ['anthropic.response.inference_geo', 'inference_geo']);
  return {
    isBatch: tier === 'batch',
    isFast: textOf(attributes, 'speed') === 'fast',
    isGeoBound: geo === 'us',
  };
}

import type { UsageFigures } from '@contract';
import { StackedBar } from '../../components/index.ts';
import { formatCompact, formatCount } from '../../lib/format.ts';

type TokenCounts = Pick<
  UsageFigures,
  'input_tokens' | 'output_tokens' | 'cache_read_tokens' | 'cache_creation_tokens'
>;

const kinds: readonly { key: keyof TokenCounts; label: string; colour: string }[] = [
  { key: 'cache_read_tokens', label: 'Cache read', colour: 'var(--series-8)' },
  { key: 'cache_creation_tokens', label: 'Cache written', colour: 'var(--series-3)' },
  { key: 'input_tokens', label: 'Input', colour: 'var(--series-1)' },
  { key: 'output_tokens', label: 'Output', colour: 'var(--series-2)' },
];

/** Tokens by type as one bar; exact counts on hover. */
export function TokenBar(props: { figures: TokenCounts }) {
  const parts = kinds.map(({ key, label, colour }) => {
    const value = props.figures[key];
    return { label, value, colour, text: formatCompact(value), title: `${formatCount(value)} tokens` };
  });
  return <StackedBar label="Tokens by type" parts={parts} />;
}

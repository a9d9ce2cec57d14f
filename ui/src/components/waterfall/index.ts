/** The steps of a session over time. */
export type { HeatBy } from './heat.ts';
export { entryText, kindLooks, kindOrder } from './kinds.tsx';
export {
  buildTree,
  fromMicros,
  isFailure,
  labelOf,
  type SessionTree,
  type TimelineNode,
  tokensOf,
  toMicros,
  toolCosts,
  topNode,
} from './session-tree.ts';
export { Waterfall, type WaterfallProps } from './waterfall.tsx';

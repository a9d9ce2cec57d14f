export { type LoadedPacks, loadPacks, type Pack } from './load-packs.ts';
export type { PackMetric } from './pack-file.ts';
export {
  createRunbooks,
  type RunbookInfo,
  type RunbookOptions,
  type Runbooks,
  type RunbookText,
  runbookSlug,
} from './runbooks.ts';

/** Tables of any length. */
export {
  nextSort,
  parseSort,
  sortRows,
  sortText,
  type TableColumn,
  type TableSort,
} from './table-model.ts';
export { VirtualTable, type VirtualTableProps } from './virtual-table.tsx';

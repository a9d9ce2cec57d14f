export * from './native/block.ts';
export * from './native/columns.ts';
export * from './tables.ts';

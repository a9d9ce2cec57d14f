/** A column of one block under construction. Not safe for concurrent use; the owner of the block owns it. */
export interface Column {
  /** ClickHouse type as it stands in the block header. */
  readonly type: string;
  /** Rows appended so far. */
  readonly length: number;
  /** Bytes the column would occupy now; used for flush thresholds and memory budgets. */
  readonly byteLength: number;
  /** Remembers the current end. One level: a second mark replaces the first. */
  mark(): void;
  /** Drops everything appended since the last mark. */
  rollback(): void;
  /** Empties the column and keeps its memory for the next block. */
  clear(): void;
  /** Appends the serialisation prefix of nested low-cardinality parts, which precedes all data. */
  writePrefix(out: Uint8Array[]): void;
  /**
   * Appends the data. The pieces alias the column's memory: they are valid until the next append or clear.
   */
  writeData(out: Uint8Array[]): void;
}

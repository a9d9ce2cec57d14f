/** Reads the files of `/proc` and `/sys`; injected, so that tests need no Linux of a certain kind. */
export interface HostFiles {
  /** The text of a file, or undefined when it does not exist or may not be read. */
  text(path: string): Promise<string | undefined>;
  /** Names in a folder; empty when it cannot be read. */
  list(path: string): Promise<readonly string[]>;
  /** Space of the file system at a mount point; undefined when it does not answer in time. */
  space(mountpoint: string): Promise<FileSystemSpace | undefined>;
}

/** In bytes, and numbers of inodes. */
export interface FileSystemSpace {
  readonly sizeBytes: number;
  readonly freeBytes: number;
  /** For users without privileges. */
  readonly availableBytes: number;
  readonly files: number;
  readonly filesFree: number;
}

export type LabelPairs = readonly (readonly [name: string, value: string])[];

/** Takes measured values; one that is not a number is left out. */
export interface HostSink {
  add(metric: string, labels: LabelPairs, value: number): void;
}

/** Measures one area. Must not throw for files that are missing or look strange: what cannot be read is left out. */
export type HostMeter = (files: HostFiles, sink: HostSink) => Promise<void>;

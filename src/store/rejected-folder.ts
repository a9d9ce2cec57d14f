import { join } from 'node:path';
import type { Log } from '../lib/log.ts';
import { type SpoolFs, writeDurably } from './spool-fs.ts';

export interface RejectedLimits {
  /** Files kept, without their `.txt`. */
  readonly files: number;
  readonly bytes: number;
}

/** What was set aside since the process started, and the latest reason. */
export interface RejectedFiles {
  readonly files: number;
  readonly rows: number;
  readonly lastReason: string;
}

interface Options {
  readonly directory: string;
  readonly fs: SpoolFs;
  readonly log: Log;
  readonly rejected: RejectedLimits;
}

/** `rejected/` in the spool: files that can never be stored, each with a `.txt` that says why. Oldest go first at the bound. */
export class RejectedFolder {
  readonly #options: Options;
  readonly #folder: string;
  #kept: { readonly name: string; readonly bytes: number }[] = [];
  #files = 0;
  #rows = 0;
  #lastReason = '';

  constructor(options: Options) {
    this.#options = options;
    this.#folder = join(options.directory, 'rejected');
  }

  async open(): Promise<void> {
    const { fs } = this.#options;
    await fs.makeDirectory(this.#folder);
    const names = (await fs.list(this.#folder)).filter((name) => !name.endsWith('.txt')).sort();
    for (const name of names) this.#kept.push({ name, bytes: await fs.sizeOf(join(this.#folder, name)) });
    await this.#prune();
  }

  /** Moves `name` here from the spool. Throws only when the file is still where it was. */
  async take(name: string, rows: number, reason: string): Promise<void> {
    const { fs, directory, log } = this.#options;
    const target = join(this.#folder, name);
    await fs.rename(join(directory, name), target);
    this.#files++;
    this.#rows += rows;
    this.#lastReason = reason;
    log.error({ file: target, rows, reason }, 'a spool file cannot be stored and was set aside');
    try {
      this.#kept.push({ name, bytes: await fs.sizeOf(target) });
      await fs.remove(`${target}.txt`);
      await writeDurably(fs, `${target}.txt`, [Buffer.from(`${reason}\n`)]);
      await this.#prune();
    } catch (error) {
      log.warn(
        { file: target, err: error },
        'the reason could not be written beside the file that was set aside',
      );
    }
  }

  totals(): RejectedFiles {
    return { files: this.#files, rows: this.#rows, lastReason: this.#lastReason };
  }

  async #prune(): Promise<void> {
    const { fs, rejected, log } = this.#options;
    let bytes = this.#kept.reduce((sum, file) => sum + file.bytes, 0);
    while (this.#kept.length > rejected.files || bytes > rejected.bytes) {
      const oldest = this.#kept.shift();
      if (oldest === undefined) return;
      bytes -= oldest.bytes;
      log.warn({ file: oldest.name }, 'the folder of rejected files is full; its oldest file is deleted');
      await fs.remove(join(this.#folder, oldest.name));
      await fs.remove(join(this.#folder, `${oldest.name}.txt`));
    }
  }
}

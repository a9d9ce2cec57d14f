import type { DocumentStore } from '../types.ts';

/**
 * Gathers changes of documents and writes them: what comes while a write is going on is written together afterwards. What could not
 * be written stays and goes with the next commit.
 */
export class DocumentWriter {
  readonly #documents: DocumentStore;
  readonly #onFailure: (error: unknown) => void;
  #changes = new Map<string, string | undefined>();
  #running: Promise<boolean> = Promise.resolve(true);
  #next: Promise<boolean> | undefined;

  constructor(documents: DocumentStore, onFailure: (error: unknown) => void) {
    this.#documents = documents;
    this.#onFailure = onFailure;
  }

  get hasChanges(): boolean {
    return this.#changes.size > 0;
  }

  /** @param json undefined removes the document. Written with the next commit. */
  put(key: string, json: string | undefined): void {
    this.#changes.set(key, json);
  }

  /** Writes everything that was put so far. @returns whether it is durable now. */
  commit(): Promise<boolean> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      this.#running = this.#write();
      return this.#running;
    });
    return this.#next;
  }

  async #write(): Promise<boolean> {
    if (this.#changes.size === 0) return true;
    const changes = this.#changes;
    this.#changes = new Map();
    try {
      await this.#documents.apply(changes);
      return true;
    } catch (error) {
      for (const [key, json] of changes) if (!this.#changes.has(key)) this.#changes.set(key, json);
      this.#onFailure(error);
      return false;
    }
  }
}

/** Notifications that are under way to one receiver at the same time; a slow receiver keeps no other waiting. */
export const MAX_TELLS_PER_RECEIVER = 16;

type Job = () => Promise<void>;

/** Runs jobs, only so many at a time for each receiver. Waiting ones are bounded by whoever gives them: one per alert and receiver. */
export class TellQueue {
  readonly #lanes = new Map<string, { running: number; readonly waiting: Job[] }>();
  #listeners: (() => void)[] = [];

  /** @param job must not reject. */
  add(receiver: string, job: Job): void {
    const lane = this.#lanes.get(receiver) ?? { running: 0, waiting: [] };
    this.#lanes.set(receiver, lane);
    lane.waiting.push(job);
    this.#next(receiver);
  }

  /** Resolves once nothing runs or waits. */
  async idle(): Promise<void> {
    if (this.#lanes.size === 0) return;
    await new Promise<void>((resolve) => this.#listeners.push(resolve));
  }

  #next(receiver: string): void {
    const lane = this.#lanes.get(receiver);
    if (lane === undefined || lane.running >= MAX_TELLS_PER_RECEIVER) return;
    const job = lane.waiting.shift();
    if (job === undefined) {
      if (lane.running === 0) this.#close(receiver);
      return;
    }
    lane.running++;
    void job().finally(() => {
      lane.running--;
      this.#next(receiver);
    });
  }

  #close(receiver: string): void {
    this.#lanes.delete(receiver);
    if (this.#lanes.size > 0) return;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}

import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

/** What was started, to be stopped in reverse order. */
export interface Stack {
  /** Registers how to stop what was just started. */
  onStop(name: string, stop: () => unknown): void;
  /** Stops everything, last started first. One part that fails does not keep the others from stopping. */
  stop(): Promise<void>;
}

export function createStack(log: Log): Stack {
  const parts: { name: string; stop: () => unknown }[] = [];
  return {
    onStop: (name, stop) => parts.push({ name, stop }),
    async stop() {
      for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
        try {
          await part.stop();
        } catch (error) {
          log.error({ error, part: part.name }, `${part.name} did not stop cleanly: ${messageOf(error)}`);
        }
      }
    },
  };
}

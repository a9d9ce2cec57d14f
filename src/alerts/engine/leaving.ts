import type { Clock } from '../../lib/clock.ts';
import type { AlertRecord } from './alert-record.ts';
import type { Lane } from './lane.ts';

export interface LeavingParts {
  readonly clock: Clock;
  /** The integration still exists. */
  readonly exists: (lane: Lane) => boolean;
  /** A group goes to it, and so looks after it. */
  readonly isLive: (lane: Lane) => boolean;
  readonly recordOf: (fingerprint: string) => AlertRecord | undefined;
  readonly run: (lane: Lane) => void;
}

/**
 * Lanes that know of firing alerts but get no group's alerts any more, because the configuration changed: they are told the end of
 * what they know, so that nobody keeps an incident open for ever.
 */
export class LeavingLanes {
  readonly #parts: LeavingParts;
  readonly #lanes = new Set<Lane>();

  constructor(parts: LeavingParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#lanes.size;
  }

  has(lane: Lane): boolean {
    return this.#lanes.has(lane);
  }

  /** Looks which of these are leaving. */
  add(lanes: Iterable<Lane>): void {
    const { exists, isLive } = this.#parts;
    for (const lane of lanes) if (lane.isOwedAnything && exists(lane) && !isLive(lane)) this.#lanes.add(lane);
  }

  /** Tells what ended. */
  sweep(): void {
    const { exists, isLive, recordOf, run, clock } = this.#parts;
    for (const lane of this.#lanes) {
      if (!lane.isOwedAnything || !exists(lane) || isLive(lane)) {
        this.#lanes.delete(lane);
        continue;
      }
      const isPausing = lane.retryAtMs !== undefined && lane.retryAtMs > clock.elapsed();
      if (lane.isRunning || isPausing) continue;
      const hasEnded = [...lane.entry.firing, ...lane.entry.uncertain].some(
        (fingerprint) => recordOf(fingerprint)?.isResolved !== false,
      );
      if (hasEnded) run(lane);
    }
  }
}

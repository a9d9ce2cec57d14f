import type { Clock } from '../../lib/clock.ts';

/** After a piece of work there is a pause of so many times its duration. */
const PAUSE_SHARE = 9;
const LONGEST_PAUSE_MS = 2000;

/**
 * Work that grows with the number of alerts and is asked for at every change: done at once when it is cheap, and at most a tenth of the
 * time when it is not. What is asked for during a pause is done once at its end.
 */
export function paced(work: () => void, clock: Pick<Clock, 'elapsed' | 'after'>): () => void {
  let isResting = false;
  let isWanted = false;
  const run = () => {
    isWanted = false;
    const startMs = clock.elapsed();
    work();
    const pauseMs = Math.min(LONGEST_PAUSE_MS, Math.round((clock.elapsed() - startMs) * PAUSE_SHARE));
    if (pauseMs === 0) return;
    isResting = true;
    clock.after(pauseMs, () => {
      isResting = false;
      if (isWanted) run();
    });
  };
  return () => {
    isWanted = true;
    if (!isResting) run();
  };
}

import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Escalation, PlannedTell } from './escalation-record.ts';
import { TellQueue } from './tell-queue.ts';
import type { OnCallClock, TellReceiver } from './types.ts';

/** How long a stop waits for notifications under way. */
const STOP_WAIT_MS = 1000;

const NAME_ONLY: ReadonlySet<string> = new Set(['alertname']);

export interface TellerParts {
  readonly clock: OnCallClock;
  readonly tell: TellReceiver;
  /** Asked right before telling that an alert fires. */
  readonly mayTell: (escalation: Escalation) => boolean;
  /** Called when a planned notification was tried. */
  readonly onTold: (escalation: Escalation, tell: PlannedTell, wasDelivered: boolean) => void;
  readonly log: Log;
}

/** Carries out what escalations planned to tell. */
export class EscalationTeller {
  readonly #parts: TellerParts;
  readonly #queue = new TellQueue();
  #isStopped = false;
  #delivered = 0;
  #failed = 0;

  constructor(parts: TellerParts) {
    this.#parts = parts;
  }

  get delivered(): number {
    return this.#delivered;
  }

  get failed(): number {
    return this.#failed;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Tells what waits, as far as it may be told now; the rest goes on waiting. */
  dispatch(escalation: Escalation): void {
    if (this.#isStopped || escalation.tells.size === 0) return;
    for (const tell of escalation.tells.values()) {
      if (tell.state !== 'waiting' || !this.#mayTell(escalation, tell)) continue;
      tell.state = 'queued';
      this.#queue.add(tell.receiver, () => this.#tell(escalation, tell));
    }
  }

  /** Resolves once nothing is being told. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  /** Nothing new is told. Waits for what is under way, for a few seconds. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    let cancel = (): void => undefined;
    const waited = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.after(STOP_WAIT_MS, resolve);
    });
    await Promise.race([this.#queue.idle(), waited]);
    cancel();
  }

  #mayTell(escalation: Escalation, tell: PlannedTell): boolean {
    return tell.isResolved || this.#parts.mayTell(escalation);
  }

  async #tell(escalation: Escalation, tell: PlannedTell): Promise<void> {
    if (escalation.tells.get(tell.key) !== tell) return;
    if (this.#isStopped || !this.#mayTell(escalation, tell)) {
      tell.state = 'waiting';
      return;
    }
    tell.state = 'sending';
    const wasDelivered = await this.#deliver(escalation, tell);
    if (wasDelivered) this.#delivered++;
    else this.#failed++;
    this.#parts.onTold(escalation, tell, wasDelivered);
  }

  async #deliver({ alert, id }: Escalation, tell: PlannedTell): Promise<boolean> {
    try {
      const outcomes = await this.#parts.tell({
        receiver: tell.receiver,
        reason: 'escalation',
        key: tell.key,
        groupKey: `escalation/${id}`,
        groupLabels: alert.labels.pick(NAME_ONLY),
        alerts: [alert],
        isResolved: tell.isResolved,
      });
      return outcomes.some(({ isDelivered }) => isDelivered);
    } catch (error) {
      const { receiver } = tell;
      this.#parts.log.error({ receiver, error: messageOf(error) }, 'an escalation could not be told');
      return false;
    }
  }
}
